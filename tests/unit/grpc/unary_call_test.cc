#include "transport/grpc/unary_call.h"

#include <gmock/gmock.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <future>

#include "document/document_service.grpc.pb.h"
#include "support/manual_clock.h"
#include "support/memory_metadata_store.h"
#include "support/memory_object_store.h"
#include "support/recording_observers.h"
#include "support/sequential_ids.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class NoLinks final : public LinkSigner {
 public:
  Result<SignedLink> Sign(const CallContext&, const Document&, std::chrono::minutes) override {
    return InternalError("not in this test");
  }
};

class LastRecord final : public CallObserver {
 public:
  void CallStarted(Operation) override {}
  void CallEnded(const CallRecord& record) override { status = record.status; }

  Status status;  ///< read it when the call has ended
};

/// A real server in this process whose DeleteDocument does `work`.
class UnaryCallTest : public ::testing::Test {
 protected:
  using Service = document::DocumentService::WithCallbackMethod_DeleteDocument<
      document::DocumentService::Service>;

  class DeleteService final : public Service {
   public:
    explicit DeleteService(UnaryCallTest& test) : test_(test) {}
    grpc::ServerUnaryReactor* DeleteDocument(grpc::CallbackServerContext* context,
                                             const document::DeleteDocumentRequest*,
                                             document::DeleteDocumentResponse*) override {
      return UnaryCall::Start(Operation::kDelete, UnaryCall::Access::kWrites, test_.environment_,
                              *context, test_.work_);
    }

   private:
    UnaryCallTest& test_;
  };

  void SetUp() override {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = document::DocumentService::NewStub(server_->InProcessChannel({}));
  }
  void TearDown() override { server_->Shutdown(std::chrono::system_clock::now() + 5s); }

  std::future<grpc::Status> StartCall() {
    return std::async(std::launch::async, [this] {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + 20s);
      document::DeleteDocumentResponse response;
      return stub_->DeleteDocument(&context, {}, &response);
    });
  }

  void ExpectShuttingDown(const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
    EXPECT_THAT(status.error_details(), HasSubstr("SHUTTING_DOWN"));
    EXPECT_TRUE(observer_.status.Is(Reason::kShuttingDown)) << observer_.status.ToString();
  }

  ManualClock clock_;
  SequentialIds ids_;
  RecordingEventLog log_;
  LastRecord observer_;
  MemoryMetadataStore metadata_{clock_};
  MemoryObjectStore objects_{clock_, VersionNaming::kAttempt};
  NoLinks links_;
  Uploader uploader_{metadata_, objects_, clock_, ids_, log_, FileTypePolicy({}, {}), {}};
  DocumentService documents_{uploader_, metadata_, objects_, links_, log_, {}};
  Admission admission_{16};
  boost::asio::thread_pool workers_{1};
  GrpcCallEnvironment environment_{documents_, admission_, observer_, ids_,
                                   workers_,   workers_,   60s};
  UnaryCall::Work work_;
  DeleteService service_{*this};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<document::DocumentService::Stub> stub_;
};

TEST_F(UnaryCallTest, ADrainThatInterruptsTheWorkIsTold) {
  std::promise<void> begun;
  work_ = [&](const CallContext& call, CallRecord&) {
    begun.set_value();
    while (call.Check().ok()) std::this_thread::yield();
    return call.Check();
  };
  auto answer = StartCall();
  begun.get_future().wait();
  admission_.InterruptAll();
  ExpectShuttingDown(answer.get());
}

TEST_F(UnaryCallTest, ADrainIsToldToWhoWaitsInTheQueue) {
  std::promise<void> release;
  boost::asio::post(workers_, [&] { release.get_future().wait(); });
  work_ = [](const CallContext&, CallRecord&) { return InternalError("must not run"); };
  auto answer = StartCall();
  while (admission_.WaitUntilIdle(std::chrono::steady_clock::now())) std::this_thread::yield();
  admission_.InterruptAll();
  release.set_value();
  ExpectShuttingDown(answer.get());
}

TEST_F(UnaryCallTest, WorkThatIsDoneAllTheSameStaysDone) {
  work_ = [&](const CallContext& call, CallRecord&) {
    admission_.InterruptAll();
    EXPECT_FALSE(call.Check().ok());
    return Status();
  };
  EXPECT_TRUE(StartCall().get().ok());
}

}  // namespace
}  // namespace satchel
