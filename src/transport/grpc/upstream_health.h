/// Tells the health of the upstream's service on this server, as the upstream tells it.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/health_check_service_interface.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "grpc/health/v1/health.grpc.pb.h"
#include "ports/event_log.h"

namespace satchel {

/// The service whose health is the upstream's.
inline constexpr char kUpstreamServiceName[] = "ai_service.AIService";

/// Asks once a second, and logs each change. What counts is the upstream's health of that service,
/// or its overall health when it does not know the service; an upstream that answers, but not to
/// that question, is healthy. One that does not answer is NOT_SERVING.
class UpstreamHealth {
 public:
  /// `own` is this server's and must outlive this object, as must `log`.
  UpstreamHealth(const std::shared_ptr<grpc::Channel>& channel,
                 grpc::HealthCheckServiceInterface& own, EventLog& log);
  /// Waits until nothing is asked any more; the health stays as it is.
  ~UpstreamHealth();
  UpstreamHealth(const UpstreamHealth&) = delete;
  UpstreamHealth& operator=(const UpstreamHealth&) = delete;

 private:
  struct Question;

  void Ask(const std::string& service);
  void OnAnswer(const Question& question, const grpc::Status& status);
  void Report(bool serving, const std::string& why);
  void AskAgainLater();
  void OnTime(bool expired);

  const std::unique_ptr<grpc::health::v1::Health::Stub> stub_;
  grpc::HealthCheckServiceInterface& own_;
  EventLog& log_;
  std::optional<bool> serving_;  ///< as reported last; only one answer is awaited at a time

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable ended_;
  bool stopping_ = false;
  bool busy_ = true;  ///< a question or the alarm is out
  std::shared_ptr<Question> question_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

}  // namespace satchel
