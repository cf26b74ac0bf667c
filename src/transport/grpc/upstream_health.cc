#include "transport/grpc/upstream_health.h"

#include <chrono>
#include <utility>

namespace satchel {
namespace {

using namespace std::chrono_literals;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr std::chrono::milliseconds kInterval = 1s;
constexpr std::chrono::milliseconds kPatience = 2s;

}  // namespace

struct UpstreamHealth::Question {
  grpc::ClientContext context;
  HealthCheckRequest request;
  HealthCheckResponse response;
};

UpstreamHealth::UpstreamHealth(const std::shared_ptr<grpc::Channel>& channel,
                               grpc::HealthCheckServiceInterface& own, EventLog& log)
    : stub_(grpc::health::v1::Health::NewStub(channel)), own_(own), log_(log) {
  own_.SetServingStatus(kUpstreamServiceName, false);
  Ask(kUpstreamServiceName);
}

UpstreamHealth::~UpstreamHealth() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  if (question_ != nullptr) question_->context.TryCancel();
  if (alarm_ != nullptr) alarm_->Cancel();
  ended_.wait(lock, [this] { return !busy_; });
}

void UpstreamHealth::Ask(const std::string& service) {
  auto question = std::make_shared<Question>();
  question->context.set_deadline(std::chrono::system_clock::now() + kPatience);
  question->request.set_service(service);
  {
    const std::lock_guard lock(mutex_);
    question_ = question;
    if (stopping_) question->context.TryCancel();
  }
  stub_->async()->Check(
      &question->context, &question->request, &question->response,
      [this, question](const grpc::Status& status) { OnAnswer(*question, status); });
}

void UpstreamHealth::OnAnswer(const Question& question, const grpc::Status& status) {
  const bool overall = question.request.service().empty();
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      Report(question.response.status() == HealthCheckResponse::SERVING, "its own answer");
      break;
    case grpc::StatusCode::NOT_FOUND:
      if (!overall) {
        Ask("");
        return;
      }
      Report(false, "it knows no health");
      break;
    case grpc::StatusCode::UNIMPLEMENTED:
      Report(true, "it answers, and has no health service");
      break;
    default:
      Report(false, status.error_message());
  }
  AskAgainLater();
}

void UpstreamHealth::Report(bool serving, const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    // What a cancelled question says is no news.
    if (stopping_) return;
  }
  if (serving_ == serving) return;
  serving_ = serving;
  own_.SetServingStatus(kUpstreamServiceName, serving);
  log_.Write(serving ? LogLevel::kInfo : LogLevel::kWarning,
             serving ? "upstream is serving" : "upstream is not serving", {{"reason", why}});
}

void UpstreamHealth::AskAgainLater() {
  const std::lock_guard lock(mutex_);
  question_.reset();
  if (stopping_) {
    busy_ = false;
    ended_.notify_all();
    return;
  }
  // A new one each time: the old one's callback may still be on its way out.
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(std::chrono::system_clock::now() + kInterval, [this](bool ok) { OnTime(ok); });
}

void UpstreamHealth::OnTime(bool expired) {
  if (expired) {
    Ask(kUpstreamServiceName);
    return;
  }
  const std::lock_guard lock(mutex_);
  busy_ = false;
  ended_.notify_all();
}

}  // namespace satchel
