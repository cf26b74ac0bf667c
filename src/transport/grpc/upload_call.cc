#include "transport/grpc/upload_call.h"

#include <google/protobuf/io/coded_stream.h>

#include <limits>

#include "base/limits.h"
#include "transport/grpc/messages.h"

namespace satchel {
namespace {

using boost::asio::awaitable;

/// A small document is here as a whole before its call begins to work: no thread has to wake
/// another for each of its messages.
constexpr std::size_t kReadAheadBytesMax = 64 * 1024;
constexpr std::size_t kReadAheadMessagesMax = 4;

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
    SATCHEL_CO_ASSIGN_OR_RETURN(const bool more, co_await NextMessage());
    if (!more) {
      // A reset stream and a client that is gone end like this, too.
      SATCHEL_CO_RETURN_IF_ERROR(tracker_.call().Check());
      if (context_.IsCancelled()) {
        co_return Status(Reason::kCancelled, "the caller cancelled the upload");
      }
      co_return std::optional<UploadMessage>();
    }
    SATCHEL_CO_ASSIGN_OR_RETURN(UploadMessage message, ParseMessage());
    const auto* chunk = std::get_if<UploadChunk>(&message);
    if (chunk == nullptr || !chunk->bytes.empty()) co_return std::optional(std::move(message));
    // A client that sends nothing but empty chunks gets nowhere: it stalls.
    SATCHEL_CO_RETURN_IF_ERROR(CheckProgress(begun));
  }
}

void UploadCall::OnAdmitted() {
  reading_ = true;
  StartRead(&incoming_);
}

void UploadCall::OnReadDone(bool ok) {
  bool awaited = false;
  bool read_on = false;
  {
    const std::lock_guard lock(mutex_);
    ended_ = !ok;
    if (ok) {
      ahead_bytes_ += incoming_.Length();
      ahead_.emplace_back().Swap(&incoming_);
    }
    awaited = std::exchange(awaited_, false);
    reading_ = read_on = MayReadAhead();
  }
  if (read_on) StartRead(&incoming_);
  if (awaited) gate_.Arrived(ok);
}

bool UploadCall::MayReadAhead() {
  return !ended_ && ahead_bytes_ <= kReadAheadBytesMax && ahead_.size() < kReadAheadMessagesMax;
}

awaitable<Result<bool>> UploadCall::NextMessage() {
  // What was read is let go of first: a client that stalls must not keep its last chunk here.
  message_.Clear();
  current_ = grpc::Slice();
  SATCHEL_CO_RETURN_IF_ERROR(gate_.interruption());
  while (true) {
    bool read_on = false;
    {
      const std::lock_guard lock(mutex_);
      if (!ahead_.empty()) {
        message_.Swap(&ahead_.front());
        ahead_.erase(ahead_.begin());
        ahead_bytes_ -= message_.Length();
        co_return true;
      }
      if (ended_) co_return false;
      gate_.Begin();
      awaited_ = true;
      read_on = !std::exchange(reading_, true);
    }
    if (read_on) StartRead(&incoming_);
    SATCHEL_CO_RETURN_IF_ERROR((co_await WaitForClient()).status());
  }
}

Result<UploadMessage> UploadCall::ParseMessage() {
  // gRPC's own limit is higher where larger messages are passed on to the upstream.
  if (message_.Length() > kReceivedMessageBytesMax) {
    return Status(Reason::kMessageTooLarge, "a message of the stream is too large")
        .WithMetadata("limit", std::to_string(kReceivedMessageBytesMax));
  }
  const bool contiguous = message_.TrySingleSlice(&current_).ok();
  if (!contiguous && !message_.DumpToSingleSlice(&current_).ok()) {
    return InternalError("a received message could not be read");
  }
  if (const auto bytes = SoleChunk(current_)) return UploadMessage(UploadChunk{*bytes});
  if (!Parse(message_, &parsed_)) {
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
