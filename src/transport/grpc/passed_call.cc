#include "transport/grpc/passed_call.h"

#include <grpcpp/support/slice.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "transport/grpc/grpc_status.h"
#include "transport/grpc/passed_metadata.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kRetryDelay = 1s;
constexpr std::chrono::milliseconds kConnectionNewsDelay = 50ms;
/// After its end, how long a caller's unread bytes may keep the status from it.
constexpr std::chrono::milliseconds kForcedEndDelay = 1s;
/// While the budget is used up, so that those who wait for room get it.
constexpr std::chrono::milliseconds kPatienceUnderPressure = 1s;
/// What a write costs counts only beside smaller messages, and these take no room worth the name.
constexpr std::size_t kHeldMessageBytesMax = 16UL * 1024;
/// One for what is read from the upstream, one for what is written to it.
constexpr int kHolds = 2;

StatusCode KnownCode(grpc::StatusCode code) {
  const auto number = static_cast<int>(code);
  const bool known = number >= 0 && number <= static_cast<int>(StatusCode::kDataLoss);
  return known ? static_cast<StatusCode>(number) : StatusCode::kUnknown;
}

/// The same bytes, not copied, as gRPC's C++ side has them.
grpc::ByteBuffer Adopt(grpc_byte_buffer* message) {
  const grpc_slice_buffer& raw = message->data.raw.slice_buffer;
  std::vector<grpc::Slice> slices;
  slices.reserve(raw.count);
  for (std::size_t i = 0; i < raw.count; ++i) {
    slices.emplace_back(raw.slices[i], grpc::Slice::ADD_REF);
  }
  grpc_byte_buffer_destroy(message);
  return {slices.data(), slices.size()};
}

Status Stalled() { return Status(Reason::kDeadlineExceeded, "the stream was idle for too long"); }

}  // namespace

PassedCall::PassedCall(const PassedCallEnvironment& environment, std::shared_ptr<const void> alive,
                       grpc::GenericCallbackServerContext& context)
    : alive_(std::move(alive)), environment_(environment), context_(context) {}

PassedCall::~PassedCall() {
  environment_.budget.Release(request_.Length() + next_request_.Length() + response_.Length() +
                              next_response_.Length());
}

void PassedCall::Start() {
  self_ = shared_from_this();
  environment_.observer.PassedCallStarted();
  if (const Status refused = Enter(); !refused.ok()) {
    FinishWith(ToGrpcStatus(refused, ""));
    return;
  }
  environment_.waits.Begin({std::shared_ptr<Moment>(self_, &opening_)});
  reading_request_ = true;
  ReadRequest();
}

Status PassedCall::Enter() {
  SATCHEL_ASSIGN_OR_RETURN(ticket_, environment_.admission.Enter(*this));
  SATCHEL_RETURN_IF_ERROR(CopyRequestMetadata(context_, upstream_context_));
  if (context_.deadline() != std::chrono::system_clock::time_point::max()) {
    upstream_context_.set_deadline(context_.deadline());
  }
  return {};
}

void PassedCall::Open() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(opened_, true)) return;
    upstream_self_ = shared_from_this();
    // Then the metadata goes with the message or the end.
    if (request_.Valid() || requests_ended_) upstream_context_.set_initial_metadata_corked(true);
    environment_.stub.PrepareBidiStreamingCall(&upstream_context_, context_.method(), {},
                                               &upstream_);
    upstream_.AddMultipleHolds(kHolds);
    SendRequests();
  }
  upstream_.StartCall();
}

void PassedCall::ReadRequest() {
  if (!environment_.budget.exhausted() ||
      environment_.budget.MayRead({shared_from_this(), &request_turn_})) {
    StartReadRequest();
  }
}

void PassedCall::StartReadRequest() {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  request_read_.functor_run = &PassedCall::OnRequestRead;
  request_read_.owner = shared_from_this();
  request_read_.message = nullptr;
  request_read_.call = context_.c_call();
  grpc_call_ref(request_read_.call);
  grpc_op read{};
  read.op = GRPC_OP_RECV_MESSAGE;
  read.data.recv_message.recv_message = &request_read_.message;
  // It fails for wrong use only.
  const grpc_call_error error =
      grpc_call_start_batch(request_read_.call, &read, 1, &request_read_, nullptr);
  if (error != GRPC_CALL_OK) std::abort();
}

void PassedCall::OnRequestRead(grpc_completion_queue_functor* functor, int ok) {
  auto& read = *static_cast<RequestRead*>(functor);
  const std::shared_ptr<PassedCall> call = std::move(read.owner);
  grpc_byte_buffer* const message = std::exchange(read.message, nullptr);
  grpc_call_unref(read.call);
  if (ok == 0) {
    if (message != nullptr) grpc_byte_buffer_destroy(message);
    call->OnRequestsBroken();
  } else if (message == nullptr) {
    call->OnRequestsEnd();
  } else {
    call->OnRequest(Adopt(message));
  }
}

void PassedCall::OnRequest(grpc::ByteBuffer message) {
  if (message.Length() > environment_.message_bytes_max) {
    EndWith(Status(Reason::kMessageTooLarge, "the message is too large to be passed on")
                .WithMetadata("limit", std::to_string(environment_.message_bytes_max)));
    return;
  }
  bool read_on = false;
  {
    const std::lock_guard lock(mutex_);
    reading_request_ = false;
    if (!requests_open_) return;
    environment_.budget.Hold(message.Length());
    const bool first = !request_.Valid();
    (first ? request_ : next_request_).Swap(&message);
    SendRequests();
    if (opened_) return;
    read_on = first && MayHold(request_);
    reading_request_ = read_on;
  }
  if (read_on) {
    StartReadRequest();
  } else {
    Open();
  }
}

bool PassedCall::MayHold(const grpc::ByteBuffer& message) const {
  return message.Length() <= kHeldMessageBytesMax && !environment_.budget.exhausted();
}

void PassedCall::OnRequestsEnd() {
  {
    const std::lock_guard lock(mutex_);
    reading_request_ = false;
    requests_ended_ = true;
    SendRequests();
  }
  Open();
}

void PassedCall::OnRequestsBroken() {
  CancelUpstream();
  Open();
}

void PassedCall::OnRequestTaken(bool ok) {
  std::size_t taken_bytes = 0;
  bool read_on = false;
  {
    const std::lock_guard lock(mutex_);
    requesting_since_.reset();
    taken_bytes = request_.Length();
    request_.Clear();
    // Otherwise the upstream has ended the call, and its status is on its way.
    if (ok) {
      SendRequests();
      read_on = requests_open_ && !requests_ended_ && !requesting_since_ &&
                !std::exchange(reading_request_, true);
    }
  }
  environment_.budget.Release(taken_bytes);
  if (read_on) ReadRequest();
}

void PassedCall::SendRequests() {
  if (!opened_ || !requests_open_ || requesting_since_) return;
  if (!request_.Valid()) request_.Swap(&next_request_);
  const bool last = requests_ended_ && !next_request_.Valid();
  if (request_.Valid()) {
    requesting_since_ = std::chrono::steady_clock::now();
    upstream_.StartWrite(&request_,
                         last ? grpc::WriteOptions().set_last_message() : grpc::WriteOptions());
  } else if (last) {
    upstream_.StartWritesDone();
  }
  if (!last) return;
  requests_open_ = false;
  upstream_.RemoveHold();
}

void PassedCall::ReadResponse() {
  if (!environment_.budget.exhausted() ||
      environment_.budget.MayRead({shared_from_this(), &response_turn_})) {
    StartReadResponse();
  }
}

void PassedCall::CancelUpstream() {
  upstream_context_.TryCancel();
  environment_.budget.Admit(request_turn_);
  environment_.budget.Admit(response_turn_);
}

void PassedCall::OnUpstreamMetadata(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    if (ok) {
      CopyInitialMetadata(upstream_context_, context_);
      metadata_owed_ = true;
      environment_.waits.Begin({std::shared_ptr<Moment>(shared_from_this(), &answering_)});
    }
    reading_response_ = true;
  }
  ReadResponse();
}

void PassedCall::OnResponse(bool ok) {
  if (!ok) {
    OnResponsesEnd();
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    reading_response_ = false;
    environment_.budget.Hold(next_response_.Length());
    // Of the second message the first is not held any more.
    response_held_ = metadata_owed_ && !response_.Valid() && MayHold(next_response_);
    if (!response_.Valid()) response_.Swap(&next_response_);
    SendResponses();
    if (!response_held_) return;
    reading_response_ = true;
  }
  StartReadResponse();
}

void PassedCall::OnResponsesEnd() {
  const std::lock_guard lock(mutex_);
  reading_response_ = false;
  responses_ended_ = true;
  upstream_.RemoveHold();
  if (std::exchange(requests_open_, false)) upstream_.RemoveHold();
}

void PassedCall::OnAnswerWaited() {
  const std::lock_guard lock(mutex_);
  response_held_ = false;
  if (finished_) return;
  SendResponses();
  if (std::exchange(metadata_owed_, false)) StartSendInitialMetadata();
}

void PassedCall::SendResponses() {
  if (response_held_ || writing_since_ || finished_) return;
  if (!response_.Valid() && !reading_response_) response_.Swap(&next_response_);
  if (!response_.Valid()) return;
  metadata_owed_ = false;
  writing_since_ = std::chrono::steady_clock::now();
  StartWrite(&response_);
}

void PassedCall::OnWriteDone(bool ok) {
  std::size_t taken_bytes = 0;
  bool read_on = false;
  {
    const std::lock_guard lock(mutex_);
    writing_since_.reset();
    taken_bytes = response_.Length();
    response_.Clear();
    SendResponses();
    read_on = !responses_ended_ && !writing_since_ && !std::exchange(reading_response_, true);
    if (status_owed_) SendStatus();
  }
  environment_.budget.Release(taken_bytes);
  if (!ok) CancelUpstream();
  if (read_on) ReadResponse();
}

void PassedCall::OnUpstreamDone(const grpc::Status& status) {
  // The caller's side may be done, and this object gone, as soon as it is finished.
  std::shared_ptr<PassedCall> self = std::move(upstream_self_);
  if (!IsBareUnavailable(status) || !IsConnected()) {
    AnswerWith(status);
    return;
  }
  // That a connection is lost is told to its calls first, and a moment later to its channel.
  alarm_.emplace();
  alarm_->Set(std::chrono::system_clock::now() + kConnectionNewsDelay,
              [self = std::move(self), status](bool) mutable {
                const std::shared_ptr<PassedCall> call = std::move(self);
                call->AnswerWith(status);
              });
}

void PassedCall::AnswerWith(const grpc::Status& status) {
  std::optional<Status> ended_with;
  {
    const std::lock_guard lock(mutex_);
    ended_with = ended_with_;
  }
  if (!ended_with && IsBareUnavailable(status) && !IsConnected()) {
    ended_with = Status(Reason::kUpstreamUnavailable,
                        "the server that this call is passed to is not reached")
                     .WithRetryAfter(kRetryDelay);
  }
  if (ended_with) {
    FinishWith(ToGrpcStatus(*ended_with, ""));
    return;
  }
  CopyTrailingMetadata(upstream_context_, context_);
  FinishWith(status);
}

bool PassedCall::IsBareUnavailable(const grpc::Status& status) const {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE && status.error_details().empty() &&
         upstream_context_.GetServerTrailingMetadata().empty();
}

bool PassedCall::IsConnected() const {
  return environment_.channel.GetState(false) == GRPC_CHANNEL_READY;
}

void PassedCall::FinishWith(const grpc::Status& status) {
  answered_ = KnownCode(status.error_code());
  {
    const std::lock_guard lock(mutex_);
    ended_at_ = std::chrono::steady_clock::now();
    finished_ = true;
    status_owed_ = status;
    if (!writing_since_) SendStatus();
  }
  environment_.budget.Admit(request_turn_);
}

void PassedCall::SendStatus() {
  if (response_.Valid()) {
    writing_since_ = std::chrono::steady_clock::now();
    StartWriteAndFinish(&response_, {}, *status_owed_);
  } else {
    Finish(*status_owed_);
  }
}

void PassedCall::EndWith(const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_with_) return;
    ended_with_ = status;
    ended_at_ = std::chrono::steady_clock::now();
  }
  CancelUpstream();
}

void PassedCall::Interrupt(const Status& status) { EndWith(status); }

void PassedCall::CheckStall(SteadyTime now) {
  std::optional<Status> cut_with;
  {
    const std::lock_guard lock(mutex_);
    if (cut_) return;
    const std::optional<Status> stalled = StallOf(now);
    if (ended_at_) {
      const auto patience = ended_with_ ? kForcedEndDelay : environment_.stream_idle_max;
      if (!stalled && now - *ended_at_ <= patience) return;
      cut_with = ended_with_.value_or(stalled.value_or(Stalled()));
    } else {
      if (!stalled) return;
      ended_with_ = stalled;
      ended_at_ = now;
      // A caller that reads is told why, with all details.
      if (writing_since_) cut_with = stalled;
    }
    cut_ = cut_with.has_value();
  }
  CancelUpstream();
  if (cut_with) Cut(*cut_with);
}

std::optional<Status> PassedCall::StallOf(SteadyTime now) const {
  const auto waits = [&](const std::optional<SteadyTime>& since, std::chrono::milliseconds limit) {
    return since && now - *since > limit;
  };
  // An upstream may take its time with the next message; a caller is to take what it asked for.
  if (waits(writing_since_, environment_.stream_idle_max)) return Stalled();
  if (environment_.budget.exhausted() && (waits(writing_since_, kPatienceUnderPressure) ||
                                          waits(requesting_since_, kPatienceUnderPressure))) {
    return Status(Reason::kServerBusy, "too many messages wait to be taken, this call's among them")
        .WithRetryAfter(kRetryDelay);
  }
  return std::nullopt;
}

void PassedCall::Cut(const Status& status) {
  const grpc::Status answer = ToGrpcStatus(status, "");
  grpc_call_cancel_with_status(context_.c_call(),
                               static_cast<grpc_status_code>(answer.error_code()),
                               answer.error_message().c_str(), nullptr);
}

void PassedCall::OnDone() {
  ticket_ = Admission::Ticket();
  environment_.observer.PassedCallEnded(answered_, std::chrono::steady_clock::now() - started_at_);
  self_.reset();
}

}  // namespace satchel
