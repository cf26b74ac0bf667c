#include "transport/grpc/generic_calls.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string_view>

namespace satchel {
namespace {

using namespace std::chrono_literals;

/// People type into these streams.
constexpr std::chrono::milliseconds kReflectionIdleMax = 5min;
constexpr std::array<std::string_view, 4> kOwnServices = {
    "/document.DocumentService/", "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/", "/grpc.reflection.v1alpha.ServerReflection/"};

/// Answers at once. Owns itself until OnDone().
class RefusedCall final : public grpc::ServerGenericBidiReactor {
 public:
  static RefusedCall* Start(const grpc::Status& status) {
    auto made = std::make_unique<RefusedCall>();
    RefusedCall* const call = made.get();
    call->self_ = std::move(made);
    call->Finish(status);
    return call;
  }
  void OnDone() override { self_.reset(); }

 private:
  std::unique_ptr<RefusedCall> self_;
};

bool IsOwn(std::string_view method) {
  return std::ranges::any_of(kOwnServices,
                             [&](std::string_view service) { return method.starts_with(service); });
}

}  // namespace

GenericCalls::GenericCalls(Upstream* upstream, Admission& admission)
    : upstream_(upstream),
      reflection_(upstream == nullptr ? nullptr : upstream->channel(), admission,
                  kReflectionIdleMax) {}

grpc::ServerGenericBidiReactor* GenericCalls::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  if (Reflection::Serves(context->method())) return reflection_.Start(*context);
  if (upstream_ == nullptr || IsOwn(context->method())) {
    return RefusedCall::Start({grpc::StatusCode::UNIMPLEMENTED, "no such method"});
  }
  return upstream_->Pass(*context);
}

}  // namespace satchel
