/// One version being downloaded from the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "adapters/s3/s3_client.h"
#include "ports/object_store.h"

namespace satchel {

/// Holds a connection until it is destroyed or has read all; between two Read()s at most one piece
/// of what the connection received waits in memory.
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
    void Open(std::span<std::byte> buffer);
    bool full() const { return filled_ == buffer_.size(); }
    std::size_t filled() const { return filled_; }
    bool empty() const { return kept_from_ == kept_.size(); }

   private:
    std::span<std::byte> buffer_;
    std::size_t filled_ = 0;
    std::vector<std::byte> kept_;
    std::size_t kept_from_ = 0;
  };

  S3ObjectReader() = default;

  /// Starts the request; after it the headers are here, or the answer is an error.
  Result<HttpAnswer> Start(S3Client& client, const CallContext& call, const ObjectRef& object,
                           std::int64_t offset);

  Window window_;
  std::int64_t size_ = 0;
  std::int64_t left_ = 0;  ///< bytes not yet given to Read()
  HttpPool::Lease channel_;
};

}  // namespace satchel
