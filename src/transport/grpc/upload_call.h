/// UploadDocument: raw messages in, so that an unparseable one is told from the stream's end.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/slice.h>

#include <optional>

#include "document/document_service.pb.h"
#include "transport/grpc/stream_call.h"

namespace satchel {

class UploadCall final : public StreamCall<grpc::ServerReadReactor<grpc::ByteBuffer>>,
                         private UploadStream {
 public:
  UploadCall(const GrpcCallEnvironment& environment, grpc::CallbackServerContext& context,
             grpc::ByteBuffer& response);

  void OnReadDone(bool ok) override { gate_.Arrived(ok); }

 private:
  boost::asio::awaitable<Status> Run() override;
  boost::asio::awaitable<Result<std::optional<UploadMessage>>> Read() override;
  /// The message in `incoming_`; a chunk points into `current_`.
  Result<UploadMessage> ParseIncoming();

  grpc::ByteBuffer& response_;
  grpc::ByteBuffer incoming_;
  grpc::Slice current_;
  /// What a chunk that shares its message with other fields points into.
  document::UploadDocumentRequest parsed_;
};

}  // namespace satchel
