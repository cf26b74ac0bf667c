#include "transport/grpc/upstream_query.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/client_callback.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <utility>

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr std::array kMethods = {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                 "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"};
constexpr std::chrono::milliseconds kPatience = 5s;

/// Owns itself from Start() until OnDone().
class Query final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  using Done = std::function<void(std::optional<grpc::ByteBuffer>)>;

  static void Start(const std::shared_ptr<grpc::Channel>& channel, std::size_t version,
                    const grpc::ByteBuffer& request, Done done) {
    auto made = std::make_unique<Query>(channel, version, request, std::move(done));
    Query& query = *made;
    query.self_ = std::move(made);
    query.stub_.PrepareBidiStreamingCall(&query.context_, kMethods.at(version), {}, &query);
    query.StartWriteLast(&query.request_, {});
    query.StartRead(&query.response_);
    query.StartCall();
  }

  Query(std::shared_ptr<grpc::Channel> channel, std::size_t version,
        const grpc::ByteBuffer& request, Done done)
      : channel_(std::move(channel)),
        stub_(channel_),
        version_(version),
        request_(request),
        done_(std::move(done)) {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
  }

  void OnReadDone(bool ok) override {
    if (!ok || answered_) return;
    answered_ = true;
    // Asked for nothing more, the stream ends; gRPC is to say so.
    StartRead(&rest_);
  }

  void OnDone(const grpc::Status& status) override {
    const std::unique_ptr<Query> self = std::move(self_);
    if (answered_) {
      done_(std::move(response_));
    } else if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED &&
               version_ + 1 < kMethods.size()) {
      Start(channel_, version_ + 1, request_, done_);
    } else {
      done_(std::nullopt);
    }
  }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  const std::size_t version_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  grpc::ByteBuffer rest_;
  bool answered_ = false;
  const Done done_;
  std::unique_ptr<Query> self_;
};

}  // namespace

void AskUpstreamReflection(const std::shared_ptr<grpc::Channel>& channel,
                           const grpc::ByteBuffer& request,
                           std::function<void(std::optional<grpc::ByteBuffer>)> done) {
  Query::Start(channel, 0, request, std::move(done));
}

}  // namespace satchel
