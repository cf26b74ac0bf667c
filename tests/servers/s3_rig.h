/// A store on a real server, its bucket made, with everything that tests of it need.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/s3/s3_bucket_setup.h"
#include "adapters/s3/s3_object_store.h"
#include "adapters/s3/s3_xml.h"
#include "base/identifiers.h"
#include "base/sha256.h"
#include "support/recording_observers.h"
#include "support/s3_server.h"

namespace satchel {

/// Waits for nothing, and keeps what was asked for.
class RecordingPauses final : public Pauses {
 public:
  Status Wait(const CallContext& call, std::chrono::milliseconds duration) override {
    waited.push_back(duration);
    if (on_wait) on_wait();
    return call.Check();
  }
  double Random() override { return 0.5; }

  std::vector<std::chrono::milliseconds> waited;
  std::function<void()> on_wait;
};

inline std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline ContentHash HashOf(std::string_view text) {
  Sha256 hash;
  hash.Update(BytesOf(text));
  return hash.Finish();
}

/// Bytes of which no two blocks are alike.
inline std::string Pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 7;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

/// One process's view of a store.
class S3Rig {
 public:
  explicit S3Rig(S3StoreOptions options, const Clock& clock = DefaultClock())
      : store(std::move(options), clock, pauses) {}

  Status SetUp() { return SetUpBuckets(store.client(), call, log); }

  ObjectSpec SpecOf(std::string_view content, const std::string& key = kKey) {
    return {key, ids.NewAttemptId(), static_cast<std::int64_t>(content.size()), "text/plain"};
  }
  Result<ObjectRef> Put(std::string_view content) { return Put(SpecOf(content), content); }
  Result<ObjectRef> Put(const ObjectSpec& spec, std::string_view content) {
    SATCHEL_ASSIGN_OR_RETURN(std::unique_ptr<ObjectWriter> writer, store.Create(call, spec));
    constexpr std::size_t kPiece = 100'000;
    for (std::size_t sent = 0; sent < content.size(); sent += kPiece) {
      SATCHEL_RETURN_IF_ERROR(writer->Append(call, BytesOf(content.substr(sent, kPiece))));
    }
    SATCHEL_ASSIGN_OR_RETURN(ObjectVersion version, writer->Commit(call, HashOf(content)));
    return ObjectRef{spec.key, std::move(version)};
  }
  Result<std::string> Get(const ObjectRef& object, std::int64_t offset = 0) {
    SATCHEL_ASSIGN_OR_RETURN(std::unique_ptr<ObjectReader> reader,
                             store.Open(call, object, offset));
    if (reader == nullptr) return Status(Reason::kDocumentNotFound, "absent");
    std::string bytes;
    std::vector<std::byte> block(64 * 1024);
    while (true) {
      SATCHEL_ASSIGN_OR_RETURN(const std::size_t count, reader->Read(call, block));
      if (count == 0) return bytes;
      bytes.append(reinterpret_cast<const char*>(block.data()), count);
    }
  }
  std::size_t CountVersions() {
    std::size_t count = 0;
    std::string cursor;
    do {
      const StoredVersionPage page = store.ListVersions(call, cursor).value();
      count += page.versions.size();
      cursor = page.next_cursor;
    } while (!cursor.empty());
    return count;
  }
  /// Multipart uploads under way at exactly kKey.
  std::vector<UploadId> Uploads() {
    const HttpAnswer answer =
        store.client()
            .Send(call, ListUploadsRequest(store.client().bucket(), kKey, "", ""))
            .value();
    const S3UploadPage page = ParseUploadPage(answer.body).value();
    std::vector<UploadId> found;
    for (const S3Upload& upload : page.uploads) found.push_back(upload.id);
    return found;
  }
  std::size_t CountUploads() { return Uploads().size(); }

  static const Clock& DefaultClock() {
    static const SystemClock clock;
    return clock;
  }

  static constexpr char kKey[] = "documents/alice/general/2026-03-01/a b+%\U0001F4DA.txt";

  const CallContext call{"test"};
  SecureIdGenerator ids;
  RecordingPauses pauses;
  RecordingEventLog log;
  S3ObjectStore store;
};

}  // namespace satchel
