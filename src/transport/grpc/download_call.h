/// DownloadDocument: raw messages out, so that a block read from the store is never copied. While
/// one message is on its way the next may wait behind it, so that gRPC goes on by itself.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <mutex>

#include "transport/grpc/stream_call.h"

namespace satchel {

class DownloadCall final : public StreamCall<grpc::ServerWriteReactor<grpc::ByteBuffer>>,
                           private DownloadSink {
 public:
  DownloadCall(const GrpcCallEnvironment& environment, grpc::CallbackServerContext& context,
               const grpc::ByteBuffer& request);

  void OnWriteDone(bool ok) override;

 private:
  boost::asio::awaitable<Status> Run() override;
  void FinishCall(const grpc::Status& status) override;
  boost::asio::awaitable<Status> SendInfo(const Document& document) override;
  std::size_t ChunkBytesMax() override;
  boost::asio::awaitable<Status> SendChunk(Buffer bytes) override;
  /// Waits until no message waits behind the one on its way, then puts this one there.
  boost::asio::awaitable<Status> Send(grpc::ByteBuffer message);
  boost::asio::awaitable<Status> WaitUntilAllAreSent();
  /// Waits for what gate_ was last told to expect.
  boost::asio::awaitable<Status> WaitForWrites();
  Status CallerGone() const;

  const grpc::ByteBuffer& request_;
  /// Whether the gate was told to expect something; the coroutine's own.
  bool expecting_ = false;
  bool small_ = false;
  std::chrono::steady_clock::time_point chunk_sent_at_{};
  int quick_chunks_ = 0;  ///< in a row, up to now

  std::mutex mutex_;           // guards what follows; gRPC reports writes on its own threads
  grpc::ByteBuffer outgoing_;  // on its way while writing_
  grpc::ByteBuffer queued_;    // next, while has_queued_
  bool writing_ = false;
  bool has_queued_ = false;
  bool end_awaited_ = false;
  bool finishing_ = false;  // OK, behind the queued message
  bool broken_ = false;
};

}  // namespace satchel
