/// One version being downloaded from the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "adapters/s3/s3_client.h"
#include "ports/object_store.h"

namespace satchel {

/// Holds a connection until it is destroyed or has read all; between two Read()s at most one piece
/// of what the connection received waits in memory. When the connection breaks, what is missing is
/// asked for on another one: stores end a connection whose reader pauses (MinIO after 30 s), and a
/// version never changes.
class S3ObjectReader final : public ObjectReader {
 public:
  /// Holds nullptr when there is no such version.
  static Result<std::unique_ptr<ObjectReader>> Open(S3Client& client, const CallContext& call,
                                                    const ObjectRef& object, std::int64_t offset);

  Result<std::size_t> Read(const CallContext& call, std::span<std::byte> buffer) override;
  std::int64_t size() const override { return size_; }

 private:
  /// Fills the buffer of the Read() under way, and keeps what does not fit.
  class Window final : public HttpSink {
   public:
    bool Put(std::span<const std::byte> bytes) override;
    /// `whole`: the object has no bytes that do not fit.
    void Open(std::span<std::byte> buffer, bool whole);
    /// What the connection may have received by then fits no more, and would be copied twice.
    bool full() const;
    std::size_t filled() const { return filled_; }
    bool empty() const { return kept_from_ == kept_.size(); }

   private:
    std::span<std::byte> buffer_;
    std::size_t filled_ = 0;
    bool whole_ = false;
    std::vector<std::byte> kept_;
    std::size_t kept_from_ = 0;
  };

  S3ObjectReader(S3Client& client, ObjectRef object)
      : client_(client), object_(std::move(object)) {}

  /// Asks for what is behind `offset`, which arrives from then on. The length of the whole object;
  /// nullopt: there is no such version.
  Result<std::optional<std::int64_t>> Start(const CallContext& call, std::int64_t offset,
                                            Backoff& backoff);
  /// Sends the request until it is answered by headers that no repetition would change.
  Result<HttpAnswer> Ask(const CallContext& call, const S3Request& request, Backoff& backoff);
  /// Fills the window, on as many connections as it takes while each brings something. False: the
  /// version is gone.
  Result<bool> Fill(const CallContext& call);

  S3Client& client_;
  ObjectRef object_;  ///< with the version that is read, once that is known
  Window window_;
  std::int64_t size_ = 0;
  std::int64_t left_ = 0;  ///< bytes not yet given to Read()
  HttpPool::Lease channel_;
};

}  // namespace satchel
