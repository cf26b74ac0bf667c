#include "transport/grpc/upload_call.h"

#include <google/protobuf/io/coded_stream.h>

#include <limits>

#include "base/limits.h"
#include "transport/grpc/messages.h"

namespace satchel {
namespace {

using boost::asio::awaitable;

/// The chunk of a message that holds nothing else, as nearly all do; nullopt: parse it in full.
std::optional<std::span<const std::byte>> SoleChunk(const grpc::Slice& message) {
  using google::protobuf::io::CodedInputStream;
  constexpr std::uint32_t kLengthDelimited = 2;
  constexpr std::uint32_t kChunkTag =
      document::UploadDocumentRequest::kChunkFieldNumber << 3 | kLengthDelimited;
  CodedInputStream input(message.begin(), static_cast<int>(message.size()));
  std::uint32_t length = 0;
  if (input.ReadTag() != kChunkTag || !input.ReadVarint32(&length)) return std::nullopt;
  const auto header = static_cast<std::size_t>(input.CurrentPosition());
  if (message.size() - header != length) return std::nullopt;
  return std::as_bytes(std::span(message.begin() + header, length));
}

}  // namespace

UploadCall::UploadCall(const GrpcCallEnvironment& environment, grpc::CallbackServerContext& context,
                       grpc::ByteBuffer& response)
    : StreamCall(Operation::kUpload, environment, context), response_(response) {}

awaitable<Status> UploadCall::Run() {
  const Result<Document> stored = co_await environment_.service.Upload(tracker_.call(), *this);
  if (!stored.ok()) co_return stored.status();
  tracker_.record().document_id = stored->id.value();
  document::UploadDocumentResponse message;
  ToMessage(*stored, &message);
  response_ = Serialized(message);
  co_return Status();
}

awaitable<Result<std::optional<UploadMessage>>> UploadCall::Read() {
  const auto begun = std::chrono::steady_clock::now();
  while (true) {
    // What was read is let go of first: a client that stalls must not keep its last chunk here.
    incoming_.Clear();
    current_ = grpc::Slice();
    gate_.Begin();
    StartRead(&incoming_);
    SATCHEL_CO_ASSIGN_OR_RETURN(const bool more, co_await WaitForClient());
    if (!more) {
      // A reset stream and a client that is gone end like this, too.
      SATCHEL_CO_RETURN_IF_ERROR(tracker_.call().Check());
      if (context_.IsCancelled()) {
        co_return Status(Reason::kCancelled, "the caller cancelled the upload");
      }
      co_return std::optional<UploadMessage>();
    }
    SATCHEL_CO_ASSIGN_OR_RETURN(UploadMessage message, ParseIncoming());
    const auto* chunk = std::get_if<UploadChunk>(&message);
    if (chunk == nullptr || !chunk->bytes.empty()) co_return std::optional(std::move(message));
    // A client that sends nothing but empty chunks gets nowhere: it stalls.
    SATCHEL_CO_RETURN_IF_ERROR(CheckProgress(begun));
  }
}

Result<UploadMessage> UploadCall::ParseIncoming() {
  // gRPC's own limit is higher where larger messages are passed on to the upstream.
  if (incoming_.Length() > kReceivedMessageBytesMax) {
    return Status(Reason::kMessageTooLarge, "a message of the stream is too large")
        .WithMetadata("limit", std::to_string(kReceivedMessageBytesMax));
  }
  const bool contiguous = incoming_.TrySingleSlice(&current_).ok();
  if (!contiguous && !incoming_.DumpToSingleSlice(&current_).ok()) {
    return InternalError("a received message could not be read");
  }
  if (const auto bytes = SoleChunk(current_)) return UploadMessage(UploadChunk{*bytes});
  if (!Parse(incoming_, &parsed_)) {
    const std::string rule = "must be an UploadDocumentRequest; this one cannot be parsed";
    return Status(Reason::kUploadStreamInvalid, "a message of the stream " + rule)
        .WithField("data", rule, "");
  }
  if (parsed_.has_chunk()) {
    return UploadMessage(UploadChunk{std::as_bytes(std::span(parsed_.chunk()))});
  }
  if (!parsed_.has_metadata()) return UploadMessage(std::monostate());
  UploadMetadata metadata = FromMessage(parsed_.metadata());
  tracker_.record().user_id = metadata.user_id;
  tracker_.record().filename = metadata.filename;
  tracker_.record().size = metadata.size;
  return UploadMessage(std::move(metadata));
}

}  // namespace satchel
