/// The connections to one S3 endpoint.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "adapters/s3/http_channel.h"
#include "adapters/s3/s3_options.h"
#include "base/status.h"

namespace satchel {

/// Thread-safe; its channels are not. Must outlive what it lends.
class HttpPool {
 public:
  /// `options` must outlive the pool.
  explicit HttpPool(const S3StoreOptions& options);

  struct Return {
    HttpPool* pool = nullptr;
    void operator()(HttpChannel* channel) const { pool->TakeBack(channel); }
  };
  using Lease = std::unique_ptr<HttpChannel, Return>;

  /// The connection used last, so that few are kept warm. SERVER_BUSY at once when
  /// S3StoreOptions::connections_max are lent: that says nothing about the store.
  Result<Lease> Borrow();

 private:
  void TakeBack(HttpChannel* channel);

  const S3StoreOptions& options_;
  std::mutex mutex_;
  // All that follows is guarded by it.
  std::vector<std::unique_ptr<HttpChannel>> idle_;
  std::size_t lent_ = 0;
};

}  // namespace satchel
