/// The upload protocol: reservation, bytes, durable object, commit; or compensation.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/identifiers.h"
#include "base/sha256.h"
#include "base/status.h"
#include "core/content_inspector.h"
#include "core/file_types.h"
#include "ports/event_log.h"
#include "ports/metadata_store.h"
#include "ports/object_store.h"

namespace satchel {

struct UploadMetadata {
  std::string user_id;
  std::string category;
  std::string filename;
  std::string mime_type;
  std::int64_t size = 0;
};

/// Bytes that stay valid until the next Read().
struct UploadChunk {
  std::span<const std::byte> bytes;
};

/// std::monostate: a message with neither.
using UploadMessage = std::variant<std::monostate, UploadMetadata, UploadChunk>;

/// The client's side of an upload, as the transport shows it.
class UploadStream {
 public:
  virtual ~UploadStream() = default;
  /// The next message, or nullopt when the client has ended the stream properly. An unparseable
  /// message is UPLOAD_STREAM_INVALID, a client that stalls DEADLINE_EXCEEDED, one that is gone
  /// CANCELLED.
  virtual boost::asio::awaitable<Result<std::optional<UploadMessage>>> Read() = 0;
};

/// What a document is that comes from another program's table: not a new one.
struct ImportIdentity {
  DocumentId id;
  Timestamp created_at;
  SourceRow row;
};

struct UploadLimits {
  std::int64_t file_size_max = 0;  ///< bytes
  std::int64_t default_quota = 0;  ///< bytes
  std::chrono::seconds lease{900};
  int concurrent_max = 0;
};

/// Thread-safe. What it is given must outlive it.
class Uploader {
 public:
  Uploader(MetadataStore& metadata, ObjectStore& objects, const Clock& clock, IdGenerator& ids,
           EventLog& log, FileTypePolicy types, UploadLimits limits);

  /// Runs one upload to its end. When it returns, a refused or failed upload has given back its
  /// name and its quota; OK means durable.
  boost::asio::awaitable<Result<Document>> Upload(const CallContext& call, UploadStream& stream);
  /// The same under `identity`, which enters the import book together with the document.
  /// DOCUMENT_ALREADY_EXISTS also when the id is in use: resource() is that id then.
  boost::asio::awaitable<Result<Document>> Import(const CallContext& call, UploadStream& stream,
                                                  ImportIdentity identity);

  /// FILE_TYPE_NOT_ALLOWED when no upload of this name and type is accepted.
  Status CheckType(const std::string& filename, const std::string& mime_type) const {
    return types_.Accept(filename, mime_type).status();
  }

  int in_progress() const { return in_progress_.load(std::memory_order_relaxed); }

 private:
  class Attempt;

  boost::asio::awaitable<Result<Document>> Run(const CallContext& call, UploadStream& stream,
                                               std::optional<ImportIdentity> identity);
  Result<ReserveRequest> Validate(const UploadMetadata& metadata, ContentKind* content) const;
  boost::asio::awaitable<Result<ContentHash>> Transfer(const CallContext& call,
                                                       UploadStream& stream, ContentKind content,
                                                       Attempt& attempt, ObjectWriter& writer);

  MetadataStore& metadata_;
  ObjectStore& objects_;
  const Clock& clock_;
  IdGenerator& ids_;
  EventLog& log_;
  const FileTypePolicy types_;
  const UploadLimits limits_;
  std::atomic<int> in_progress_{0};
};

}  // namespace satchel
