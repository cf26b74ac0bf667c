/// DownloadDocument: raw messages out, so that a block read from the store is never copied.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "transport/grpc/stream_call.h"

namespace satchel {

class DownloadCall final : public StreamCall<grpc::ServerWriteReactor<grpc::ByteBuffer>>,
                           private DownloadSink {
 public:
  DownloadCall(const GrpcCallEnvironment& environment, grpc::CallbackServerContext& context,
               const grpc::ByteBuffer& request);

  void OnWriteDone(bool ok) override { gate_.Arrived(ok); }

 private:
  boost::asio::awaitable<Status> Run() override;
  boost::asio::awaitable<Status> SendInfo(const Document& document) override;
  boost::asio::awaitable<Status> SendChunk(Buffer bytes) override;
  /// Waits until the write before is done, then starts this one.
  boost::asio::awaitable<Status> Send(grpc::ByteBuffer message);
  boost::asio::awaitable<Status> WaitForWrite();

  const grpc::ByteBuffer& request_;
  grpc::ByteBuffer outgoing_;
  bool write_outstanding_ = false;
};

}  // namespace satchel
