#include "transport/grpc/download_call.h"

#include <utility>

#include "base/limits.h"
#include "transport/grpc/messages.h"

namespace satchel {

using boost::asio::awaitable;

namespace {

/// A document that fits the smallest window a client grants by half is taken whether its reader
/// reads or not, so nobody waits for that: half the time of such a call was waiting.
constexpr std::int64_t kUnwatchedBytesMax = 32 * 1024;

/// Large chunks cost fewer wake-ups and fewer copies: a tenth of a download's processor time. With
/// many calls at once memory counts for more, for a call holds up to three chunks. A slow client
/// would be taken for one that stalls, or lose all of a chunk with its connection.
constexpr std::size_t kLargeChunkBytes = 1024 * 1024;
constexpr int kCallsWithLargeChunksMax = 16;
/// So many chunks in a row have to go so quickly first. Two go at once in any case.
constexpr int kQuickChunksMin = 4;
constexpr std::chrono::milliseconds kQuickChunkTimeMax{100};

}  // namespace

DownloadCall::DownloadCall(const GrpcCallEnvironment& environment,
                           grpc::CallbackServerContext& context, const grpc::ByteBuffer& request)
    : StreamCall(Operation::kDownload, environment, context), request_(request) {}

awaitable<Status> DownloadCall::Run() {
  document::DownloadDocumentRequest request;
  if (!Parse(request_, &request)) {
    co_return InvalidField("request", "must be a DownloadDocumentRequest", "");
  }
  tracker_.record().user_id = request.user_id();
  tracker_.record().document_id = request.document_id();
  // Named: g++ 12 destroys an aggregate twice that is made inside a co_await expression.
  DocumentSelector which{request.user_id(), request.document_id()};
  Status sent =
      co_await environment_.service.Download(tracker_.call(), which, request.offset(), *this);
  if (sent.ok() && !small_) sent = co_await WaitUntilAllAreSent();
  co_return sent;
}

void DownloadCall::FinishCall(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  finishing_ = status.ok() && has_queued_;
  if (finishing_) return;
  // What still waits must not be written behind the status.
  has_queued_ = false;
  Finish(status);
}

awaitable<Status> DownloadCall::SendInfo(const Document& document) {
  tracker_.record().filename = document.filename;
  tracker_.record().size = document.size;
  small_ = document.size <= kUnwatchedBytesMax;
  document::DownloadDocumentResponse message;
  ToMessage(document, message.mutable_info());
  return Send(Serialized(message));
}

std::size_t DownloadCall::ChunkBytesMax() {
  const bool large = quick_chunks_ >= kQuickChunksMin &&
                     environment_.admission.running() <= kCallsWithLargeChunksMax;
  return large ? kLargeChunkBytes : kTransferChunkBytes;
}

awaitable<Status> DownloadCall::SendChunk(Buffer bytes) {
  const auto now = std::chrono::steady_clock::now();
  const bool quick = now - std::exchange(chunk_sent_at_, now) <= kQuickChunkTimeMax;
  quick_chunks_ = quick ? quick_chunks_ + 1 : 0;
  return Send(ChunkMessage(std::move(bytes)));
}

awaitable<Status> DownloadCall::Send(grpc::ByteBuffer message) {
  SATCHEL_CO_RETURN_IF_ERROR(co_await WaitForWrites());
  {
    const std::lock_guard lock(mutex_);
    if (broken_) co_return CallerGone();
    if (writing_) {
      gate_.Begin();
      expecting_ = true;
      queued_.Swap(&message);
      has_queued_ = true;
      co_return Status();
    }
    writing_ = true;
    outgoing_.Swap(&message);
  }
  StartWrite(&outgoing_);
  co_return Status();
}

void DownloadCall::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  broken_ = broken_ || !ok;
  const bool awaited = has_queued_ || end_awaited_;
  writing_ = ok && std::exchange(has_queued_, false);
  outgoing_.Clear();
  if (writing_) outgoing_.Swap(&queued_);
  if (finishing_ && writing_) {
    StartWriteAndFinish(&outgoing_, grpc::WriteOptions(), grpc::Status::OK);
  } else if (finishing_) {
    Finish(grpc::Status::OK);
  } else if (writing_) {
    StartWrite(&outgoing_);
  }
  if (awaited) gate_.Arrived(ok);
}

awaitable<Status> DownloadCall::WaitUntilAllAreSent() {
  SATCHEL_CO_RETURN_IF_ERROR(co_await WaitForWrites());
  {
    const std::lock_guard lock(mutex_);
    if (broken_) co_return CallerGone();
    if (!writing_) co_return Status();
    gate_.Begin();
    expecting_ = true;
    end_awaited_ = true;
  }
  co_return co_await WaitForWrites();
}

awaitable<Status> DownloadCall::WaitForWrites() {
  if (!expecting_) co_return Status();
  SATCHEL_CO_ASSIGN_OR_RETURN(const bool written, co_await WaitForClient());
  expecting_ = false;
  if (written) co_return Status();
  co_return CallerGone();
}

Status DownloadCall::CallerGone() const {
  SATCHEL_RETURN_IF_ERROR(tracker_.call().Check());
  return Status(Reason::kCancelled, "the caller is gone");
}

}  // namespace satchel
