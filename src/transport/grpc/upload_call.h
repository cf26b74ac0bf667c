/// UploadDocument: raw messages in, so that an unparseable one is told from the stream's end.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "document/document_service.pb.h"
#include "transport/grpc/stream_call.h"

namespace satchel {

class UploadCall final : public StreamCall<grpc::ServerReadReactor<grpc::ByteBuffer>>,
                         private UploadStream {
 public:
  UploadCall(const GrpcCallEnvironment& environment, grpc::CallbackServerContext& context,
             grpc::ByteBuffer& response);

  void OnReadDone(bool ok) override;

 private:
  void OnAdmitted() override;
  boost::asio::awaitable<Status> Run() override;
  boost::asio::awaitable<Result<std::optional<UploadMessage>>> Read() override;
  /// Puts the next message into `message_`; false: the client has ended the stream.
  boost::asio::awaitable<Result<bool>> NextMessage();
  /// With the lock held: whether to call StartRead() then.
  bool MayReadAhead();
  /// The message in `message_`; a chunk points into `current_`.
  Result<UploadMessage> ParseMessage();

  grpc::ByteBuffer& response_;
  grpc::ByteBuffer message_;
  grpc::Slice current_;
  /// What a chunk that shares its message with other fields points into.
  document::UploadDocumentRequest parsed_;

  std::mutex mutex_;
  // Guarded by mutex_:
  grpc::ByteBuffer incoming_;  ///< gRPC's while `reading_`
  bool reading_ = false;
  std::vector<grpc::ByteBuffer> ahead_;  ///< read, not asked for yet; the oldest first
  std::size_t ahead_bytes_ = 0;
  bool ended_ = false;
  bool awaited_ = false;
};

}  // namespace satchel
