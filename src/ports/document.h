/// The nouns of the service, as stores and rules exchange them. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/strong_string.h"
#include "base/time.h"

namespace satchel {

enum class DocumentState : std::uint8_t { kPending, kCompleted, kFailed };

/// "PENDING", "COMPLETED", "FAILED": on the wire and in the database.
std::string_view NameOf(DocumentState state);
std::optional<DocumentState> ParseDocumentState(std::string_view name);

/// One row of `rag_document`. Names for people are UTF-8; what names the row or its bytes is kept
/// as another program may have written it.
struct Document {
  DocumentId id;
  DocumentState state = DocumentState::kPending;
  UserId user;
  std::string category;
  std::string filename;
  /// Of its bytes in the object store, see object_key.h; stays after the name was given up, since
  /// the object store still needs it (the row's unique `path` is then `released/{id}`).
  std::string object_key;
  std::int64_t size = 0;  ///< bytes; while PENDING what the reservation holds
  std::string mime_type;
  Timestamp created_at;
  Timestamp updated_at;
  AttemptId attempt;      ///< empty in rows that another program wrote
  ObjectVersion version;  ///< empty until the object is committed, and as above
  ContentHash sha256;     ///< empty until COMPLETED, and as above
  UploadId upload{};      ///< of the multipart upload that wrote or writes it; empty: none
};

/// One version of one object.
struct ObjectRef {
  std::string key;
  ObjectVersion version;

  auto operator<=>(const ObjectRef&) const = default;
};

/// The key of DocumentPath(), see object_key.h: equal to the path, but for names that not every
/// object store takes.
std::string ObjectKey(const UserId& user, std::string_view category, std::string_view filename,
                      Timestamp created_at);

/// One row of `user_usage`, with the quota that holds for the user.
struct Usage {
  UserId user;
  std::int32_t file_count = 0;
  std::int64_t total_bytes = 0;
  std::int64_t reserved_bytes = 0;
  std::int64_t quota_bytes = 0;  ///< the user's own, or else the default
  bool quota_is_own = false;
  std::optional<Timestamp> updated_at;  ///< none: the user never stored anything
};

}  // namespace satchel
