#include "transport/grpc/passed_call.h"

#include <utility>

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
/// One for what is read from the upstream, one for what is written to it.
constexpr int kHolds = 2;

StatusCode KnownCode(grpc::StatusCode code) {
  const auto number = static_cast<int>(code);
  const bool known = number >= 0 && number <= static_cast<int>(StatusCode::kDataLoss);
  return known ? static_cast<StatusCode>(number) : StatusCode::kUnknown;
}

Status Stalled() { return Status(Reason::kDeadlineExceeded, "the stream was idle for too long"); }

}  // namespace

PassedCall::PassedCall(const PassedCallEnvironment& environment,
                       grpc::GenericCallbackServerContext& context)
    : environment_(environment), context_(context) {}

void PassedCall::Start() {
  self_ = shared_from_this();
  environment_.observer.PassedCallStarted();
  if (const Status refused = Enter(); !refused.ok()) {
    FinishWith(ToGrpcStatus(refused, ""));
    return;
  }
  upstream_self_ = shared_from_this();
  environment_.stub.PrepareBidiStreamingCall(&upstream_context_, context_.method(), {}, &upstream_);
  upstream_.AddMultipleHolds(kHolds);
  // Reports nothing before this function has returned.
  ReadRequest();
  upstream_.StartCall();
}

Status PassedCall::Enter() {
  SATCHEL_ASSIGN_OR_RETURN(ticket_, environment_.admission.Enter(*this));
  SATCHEL_RETURN_IF_ERROR(CopyRequestMetadata(context_, upstream_context_));
  if (context_.deadline() != std::chrono::system_clock::time_point::max()) {
    upstream_context_.set_deadline(context_.deadline());
  }
  return {};
}

void PassedCall::ReadRequest() {
  if (!environment_.budget.exhausted() ||
      environment_.budget.MayRead({shared_from_this(), &request_turn_})) {
    StartReadRequest();
  }
}

void PassedCall::StartReadRequest() {
  const std::lock_guard lock(mutex_);
  if (!finished_) StartRead(&request_);
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

void PassedCall::OnReadDone(bool ok) {
  if (!ok) {
    OnRequestsEnd();
    return;
  }
  if (request_.Length() > environment_.message_bytes_max) {
    EndWith(Status(Reason::kMessageTooLarge, "the message is too large to be passed on")
                .WithMetadata("limit", std::to_string(environment_.message_bytes_max)));
    return;
  }
  const std::lock_guard lock(mutex_);
  if (!requests_open_) return;
  request_bytes_ = request_.Length();
  environment_.budget.Hold(request_bytes_);
  requesting_since_ = std::chrono::steady_clock::now();
  upstream_.StartWrite(&request_);
}

void PassedCall::OnRequestsEnd() {
  if (context_.IsCancelled()) {
    CancelUpstream();
    return;
  }
  // A message above gRPC's own limit looks like the caller's end, until the call is cancelled a
  // moment later. To be asked for one more message tells the two apart.
  end_check_.functor_run = &PassedCall::OnEndChecked;
  end_check_.owner = shared_from_this();
  end_check_.call = context_.c_call();
  grpc_call_ref(end_check_.call);
  grpc_op read{};
  read.op = GRPC_OP_RECV_MESSAGE;
  read.data.recv_message.recv_message = &end_check_.message;
  if (grpc_call_start_batch(end_check_.call, &read, 1, &end_check_, nullptr) != GRPC_CALL_OK) {
    OnEndChecked(&end_check_, 0);
  }
}

void PassedCall::OnEndChecked(grpc_completion_queue_functor* functor, int ok) {
  auto& check = *static_cast<EndCheck*>(functor);
  const std::shared_ptr<PassedCall> call = std::move(check.owner);
  const bool ended = ok != 0 && check.message == nullptr;
  if (check.message != nullptr) grpc_byte_buffer_destroy(check.message);
  grpc_call_unref(check.call);
  if (!ended) {
    call->CancelUpstream();
    return;
  }
  const std::lock_guard lock(call->mutex_);
  if (!std::exchange(call->requests_open_, false)) return;
  call->upstream_.StartWritesDone();
  call->upstream_.RemoveHold();
}

void PassedCall::OnRequestTaken(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    requesting_since_.reset();
  }
  request_.Clear();
  environment_.budget.Release(std::exchange(request_bytes_, 0));
  // Otherwise the upstream has ended the call, and its status is on its way.
  if (ok) ReadRequest();
}

void PassedCall::OnUpstreamMetadata(bool ok) {
  if (ok) {
    CopyInitialMetadata(upstream_context_, context_);
    StartSendInitialMetadata();
  }
  ReadResponse();
}

void PassedCall::OnResponse(bool ok) {
  if (ok) {
    response_bytes_ = response_.Length();
    environment_.budget.Hold(response_bytes_);
    {
      const std::lock_guard lock(mutex_);
      writing_since_ = std::chrono::steady_clock::now();
    }
    StartWrite(&response_);
    return;
  }
  const std::lock_guard lock(mutex_);
  upstream_.RemoveHold();
  if (std::exchange(requests_open_, false)) upstream_.RemoveHold();
}

void PassedCall::OnWriteDone(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    writing_since_.reset();
  }
  response_.Clear();
  environment_.budget.Release(std::exchange(response_bytes_, 0));
  if (!ok) CancelUpstream();
  ReadResponse();
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
  }
  environment_.budget.Admit(request_turn_);
  Finish(status);
}

void PassedCall::EndWith(const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_with_ || ended_at_) return;
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
    if (ended_at_) {
      const auto patience = ended_with_ ? kForcedEndDelay : environment_.stream_idle_max;
      if (now - *ended_at_ <= patience) return;
      cut_with = ended_with_.value_or(Stalled());
    } else {
      const std::optional<Status> stalled = StallOf(now);
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
