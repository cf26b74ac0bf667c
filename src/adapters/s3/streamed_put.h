/// A PUT whose body is pushed piece by piece while it is under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "adapters/s3/chunked_body.h"
#include "adapters/s3/s3_client.h"
#include "adapters/s3/s3_retry.h"
#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// Not thread-safe. Destruction before Finish() has returned closes the connection on an incomplete
/// body, of which a store publishes nothing. `client` must outlive it.
class StreamedPut {
 public:
  /// `request`: PutObjectStreamRequest() or UploadPartStreamRequest(), of `bytes` bytes.
  StreamedPut(S3Client& client, S3Request request, std::int64_t bytes);

  /// Returns once the bytes have left for the store, but for what the connection buffers. The
  /// request begins with the first; it is begun anew as long as the store has taken none of them.
  Status Push(const CallContext& call, std::span<const std::byte> bytes);
  /// After exactly the announced bytes: sends the end with their checksum (base64), and waits for
  /// the answer, whatever it says.
  Result<HttpAnswer> Finish(const CallContext& call, std::string_view checksum);
  /// Whether the whole body has left, so that the store may have carried the request out.
  bool may_be_done() const { return body_.ended(); }

 private:
  /// True while the request goes on.
  Result<bool> Run(const CallContext& call, const std::function<bool()>& enough);

  S3Client& client_;
  const S3Request request_;
  ChunkedBody body_;
  Backoff backoff_;
  HttpPool::Lease channel_;
};

}  // namespace satchel
