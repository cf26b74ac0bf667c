#include "transport/grpc/download_call.h"

#include <utility>

#include "transport/grpc/messages.h"

namespace satchel {

using boost::asio::awaitable;

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
  const Status sent = co_await environment_.service.Download(tracker_.call(), std::move(which),
                                                             request.offset(), *this);
  if (!sent.ok()) co_return sent;
  co_return co_await WaitForWrite();
}

awaitable<Status> DownloadCall::SendInfo(const Document& document) {
  tracker_.record().filename = document.filename;
  tracker_.record().size = document.size;
  document::DownloadDocumentResponse message;
  ToMessage(document, message.mutable_info());
  return Send(Serialized(message));
}

awaitable<Status> DownloadCall::SendChunk(Buffer bytes) {
  return Send(ChunkMessage(std::move(bytes)));
}

awaitable<Status> DownloadCall::Send(grpc::ByteBuffer message) {
  SATCHEL_CO_RETURN_IF_ERROR(co_await WaitForWrite());
  outgoing_.Swap(&message);
  gate_.Begin();
  write_outstanding_ = true;
  StartWrite(&outgoing_);
  co_return Status();
}

awaitable<Status> DownloadCall::WaitForWrite() {
  if (!write_outstanding_) co_return Status();
  SATCHEL_CO_ASSIGN_OR_RETURN(const bool written, co_await WaitForClient());
  write_outstanding_ = false;
  if (written) co_return Status();
  SATCHEL_CO_RETURN_IF_ERROR(tracker_.call().Check());
  co_return Status(Reason::kCancelled, "the caller is gone");
}

}  // namespace satchel
