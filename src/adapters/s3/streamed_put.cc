#include "adapters/s3/streamed_put.h"

#include <utility>

#include "adapters/s3/s3_errors.h"

namespace satchel {

StreamedPut::StreamedPut(S3Client& client, S3Request request, std::int64_t bytes)
    : client_(client), request_(std::move(request)), body_(bytes), backoff_(client.pauses()) {}

Result<bool> StreamedPut::Run(const CallContext& call, const std::function<bool()>& enough) {
  while (true) {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    if (channel_ == nullptr) {
      SATCHEL_ASSIGN_OR_RETURN(channel_, client_.Borrow());
      OutgoingRequest http = client_.Sign(request_);
      http.source = &body_;
      http.source_bytes = body_.encoded_bytes();
      channel_->Start(std::move(http));
    }
    if (channel_->Drive(call, enough)) return true;
    // As long as the store waited with its "100 Continue", all bytes are still here.
    const bool again = channel_->body_taken() == 0 && IsTransient(channel_->answer());
    if (!again || !backoff_.Next(call)) return false;
    channel_.reset();
  }
}

Status StreamedPut::Push(const CallContext& call, std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  body_.Offer(bytes);
  SATCHEL_ASSIGN_OR_RETURN(const bool goes_on, Run(call, [this] { return body_.drained(); }));
  if (goes_on) return {};
  const HttpAnswer& answer = channel_->answer();
  return answer.ok() ? S3Nonsense(request_.operation, answer) : S3Error(request_.operation, answer);
}

Result<HttpAnswer> StreamedPut::Finish(const CallContext& call, std::string_view checksum) {
  body_.Finish(checksum);
  SATCHEL_RETURN_IF_ERROR(Run(call, [] { return false; }).status());
  HttpAnswer answer = channel_->answer();
  channel_.reset();
  return answer;
}

}  // namespace satchel
