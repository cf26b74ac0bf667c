/// Sends S3 requests: signs them, lends connections, repeats what can be repeated.
#pragma once

#include <cstdint>

#include "adapters/s3/http_channel.h"
#include "adapters/s3/http_pool.h"
#include "adapters/s3/s3_options.h"
#include "adapters/s3/s3_requests.h"
#include "adapters/s3/s3_retry.h"
#include "base/call_context.h"
#include "base/clock.h"
#include "base/status.h"

namespace satchel {

/// Thread-safe. `clock` and `pauses` must outlive it.
class S3Client {
 public:
  S3Client(S3StoreOptions options, const Clock& clock, Pauses& pauses);
  S3Client(const S3Client&) = delete;
  S3Client& operator=(const S3Client&) = delete;

  const S3StoreOptions& options() const { return options_; }
  const std::string& bucket() const { return options_.bucket; }
  Pauses& pauses() { return pauses_; }

  /// Sends the request and waits for the whole answer, whatever it says. After failures that may
  /// pass it is sent again, up to three times: a repeatable request always, another one only where
  /// it certainly was not carried out. An error only when no connection is free.
  Result<HttpAnswer> Send(const CallContext& call, const S3Request& request);
  /// The same, once.
  Result<HttpAnswer> SendOnce(const CallContext& call, const S3Request& request);

  /// For bodies that are streamed: a connection, and the request to start on it.
  Result<HttpPool::Lease> Borrow() { return pool_.Borrow(); }
  OutgoingRequest Sign(const S3Request& request) const;

 private:
  const S3StoreOptions options_;
  const Clock& clock_;
  Pauses& pauses_;
  HttpPool pool_;
};

}  // namespace satchel
