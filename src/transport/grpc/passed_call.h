/// One call that is passed to the upstream server, message by message and in both directions.
#pragma once

#include <grpc/grpc.h>
#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>

#include "base/status.h"
#include "ports/passed_call_observer.h"
#include "transport/grpc/admission.h"
#include "transport/grpc/message_budget.h"
#include "transport/grpc/short_waits.h"

namespace satchel {

/// What passed calls share. All of it outlives every call, which may live a moment longer than the
/// server knows it: what gRPC has out comes back on threads of its own.
struct PassedCallEnvironment {
  grpc::Channel& channel;
  grpc::GenericStub& stub;
  Admission& admission;
  MessageBudget& budget;
  ShortWaits& waits;
  PassedCallObserver& observer;
  std::size_t message_bytes_max;
  std::chrono::milliseconds stream_idle_max;
};

/// Every kind of call looks the same from here: messages come and go until one side ends. In each
/// direction a message is read only when the one before it has been taken, so flow control reaches
/// from end to end. Nothing of it is parsed.
///
/// Most calls are unary, and what they cost is writes. So the first message of each direction, and
/// the metadata before it, waits for a moment for what usually follows at once: the end, which is
/// then written with it. What comes instead is one message more to hold.
///
/// Two reactors, one for each connection. The upstream's is the first to end: the answer to the
/// caller is made from its end, and whatever ends the call early cancels it.
class PassedCall final : public grpc::ServerGenericBidiReactor,
                         public WatchedCall,
                         public std::enable_shared_from_this<PassedCall> {
 public:
  /// `alive` is given back when nothing uses the environment any more.
  PassedCall(const PassedCallEnvironment& environment, std::shared_ptr<const void> alive,
             grpc::GenericCallbackServerContext& context);
  ~PassedCall() override;
  PassedCall(const PassedCall&) = delete;
  PassedCall& operator=(const PassedCall&) = delete;

  /// Begins the call; after this gRPC owns it.
  void Start();

  void OnWriteDone(bool ok) override;
  void OnCancel() override { CancelUpstream(); }
  void OnDone() override;

  void CheckStall(std::chrono::steady_clock::time_point now) override;
  void Interrupt(const Status& status) override;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  /// The call to the upstream, as gRPC's client side reports on it.
  class UpstreamSide final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    explicit UpstreamSide(PassedCall& call) : call_(call) {}
    void OnReadInitialMetadataDone(bool ok) override { call_.OnUpstreamMetadata(ok); }
    void OnReadDone(bool ok) override { call_.OnResponse(ok); }
    void OnWriteDone(bool ok) override { call_.OnRequestTaken(ok); }
    void OnDone(const grpc::Status& status) override { call_.OnUpstreamDone(status); }

   private:
    PassedCall& call_;
  };

  /// Waits for room to read, in one of the two directions.
  class Turn final : public MessageBudget::Reader {
   public:
    using Read = void (PassedCall::*)();
    Turn(PassedCall& call, Read read) : call_(call), read_(read) {}
    void OnRoom() override { (call_.*read_)(); }

   private:
    PassedCall& call_;
    const Read read_;
  };

  /// Waits for what may come at once, in one of the two directions.
  class Moment final : public ShortWaits::Waiter {
   public:
    using Over = void (PassedCall::*)();
    Moment(PassedCall& call, Over over) : call_(call), over_(over) {}
    void OnWaited() override { (call_.*over_)(); }

   private:
    PassedCall& call_;
    const Over over_;
  };

  /// Asks the caller's stream for one message, through gRPC's core. It tells an end from a failure,
  /// which may be a message above gRPC's own limit; gRPC's C++ reactors do not.
  struct RequestRead : grpc_completion_queue_functor {
    grpc_byte_buffer* message = nullptr;
    grpc_call* call = nullptr;
    std::shared_ptr<PassedCall> owner;  // while it is out
  };

  Status Enter();
  /// Begins the call to the upstream, with what the caller has sent so far.
  void Open();
  // Read when the budget has room; the others at once.
  void ReadRequest();
  void ReadResponse();
  void StartReadRequest();
  void StartReadResponse() { upstream_.StartRead(&next_response_); }
  void CancelUpstream();
  static void OnRequestRead(grpc_completion_queue_functor* functor, int ok);
  void OnRequest(grpc::ByteBuffer message);
  /// For a moment, as the first one of its direction.
  bool MayHold(const grpc::ByteBuffer& message) const;
  void OnRequestsEnd();
  void OnRequestsBroken();
  void OnRequestTaken(bool ok);
  void OnUpstreamMetadata(bool ok);
  void OnResponse(bool ok);
  void OnResponsesEnd();
  void OnAnswerWaited();
  void OnUpstreamDone(const grpc::Status& status);
  // Write what may be written now; under mutex_.
  void SendRequests();
  void SendResponses();
  void SendStatus();
  /// Ends the call with `status`, whatever the upstream says; the first one stays.
  void EndWith(const Status& status);
  void FinishWith(const grpc::Status& status);
  /// Ends the caller's side as the upstream's has ended, or as this call was ended here.
  void AnswerWith(const grpc::Status& status);
  /// gRPC makes such a status itself when the connection fails, and does not say so; over a
  /// connection that lives it is the upstream's own.
  bool IsBareUnavailable(const grpc::Status& status) const;
  bool IsConnected() const;
  /// Why somebody has waited for too long; nullopt: nobody has. Under mutex_.
  std::optional<Status> StallOf(SteadyTime now) const;
  /// Resets the caller's stream; code and message overtake the bytes that it does not read.
  void Cut(const Status& status);

  const std::shared_ptr<const void> alive_;  // first, so that it goes last
  const PassedCallEnvironment& environment_;
  grpc::GenericCallbackServerContext& context_;
  const SteadyTime started_at_ = std::chrono::steady_clock::now();
  grpc::ClientContext upstream_context_;
  UpstreamSide upstream_{*this};
  Turn request_turn_{*this, &PassedCall::StartReadRequest};
  Turn response_turn_{*this, &PassedCall::StartReadResponse};
  Moment opening_{*this, &PassedCall::Open};
  Moment answering_{*this, &PassedCall::OnAnswerWaited};
  RequestRead request_read_{};
  std::optional<grpc::Alarm> alarm_;
  StatusCode answered_ = StatusCode::kUnknown;

  std::mutex mutex_;  // guards what follows
  // A message is in here from when it was read until it was taken.
  grpc::ByteBuffer request_;        // held, or being written
  grpc::ByteBuffer next_request_;   // came before that one was taken
  grpc::ByteBuffer response_;       // as above
  grpc::ByteBuffer next_response_;  // not to be looked at while it is read
  bool opened_ = false;             // the upstream's call is begun
  bool reading_request_ = false;
  bool requests_ended_ = false;  // by the caller
  bool requests_open_ = true;    // the upstream still takes messages of the caller
  bool reading_response_ = false;
  bool responses_ended_ = false;
  bool metadata_owed_ = false;  // the upstream's initial one
  bool response_held_ = false;
  bool finished_ = false;  // nothing more is asked of the caller's side
  std::optional<grpc::Status> status_owed_;
  std::optional<Status> ended_with_;
  std::optional<SteadyTime> ended_at_;
  std::optional<SteadyTime> writing_since_;     // to the caller
  std::optional<SteadyTime> requesting_since_;  // to the upstream
  bool cut_ = false;

  Admission::Ticket ticket_;
  std::shared_ptr<PassedCall> self_;           // until the caller's side is done
  std::shared_ptr<PassedCall> upstream_self_;  // until the upstream's side is done
};

}  // namespace satchel
