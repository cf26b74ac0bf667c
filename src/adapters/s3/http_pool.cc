#include "adapters/s3/http_pool.h"

#include <curl/curl.h>

#include <chrono>
#include <string>
#include <utility>

namespace satchel {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};

/// Once for the process, before the first handle is made.
bool InitializeCurl() {
  static const bool initialized = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return initialized;
}

}  // namespace

HttpPool::HttpPool(const S3StoreOptions& options) : options_(options) { (void)InitializeCurl(); }

Result<HttpPool::Lease> HttpPool::Borrow() {
  if (!InitializeCurl()) return InternalError("libcurl could not be initialized");
  std::unique_ptr<HttpChannel> channel;
  {
    const std::lock_guard lock(mutex_);
    if (lent_ == options_.connections_max) {
      return Status(Reason::kServerBusy, "too many requests to the object store at once; try again")
          .WithCause("all " + std::to_string(lent_) + " connections are in use")
          .WithRetryAfter(kRetryAfter);
    }
    ++lent_;
    if (!idle_.empty()) {
      channel = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (channel == nullptr) channel = std::make_unique<HttpChannel>(options_);
  return Lease(channel.release(), Return{this});
}

void HttpPool::TakeBack(HttpChannel* channel) {
  std::unique_ptr<HttpChannel> owned(channel);
  owned->Abort();
  const std::lock_guard lock(mutex_);
  --lent_;
  if (idle_.size() < options_.idle_connections_max) idle_.push_back(std::move(owned));
}

}  // namespace satchel
