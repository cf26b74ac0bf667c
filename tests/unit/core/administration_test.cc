#include "core/administration.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/protocol_rig.h"

namespace satchel {
namespace {

/// Knows whether another check reports something between its own first and last document.
class LonelyListener final : public ConsistencyListener {
 public:
  LonelyListener(std::atomic<const void*>& running, std::int64_t documents)
      : running_(running), documents_(documents) {}
  void OnFinding(const Finding&) override {}
  void OnProgress(const ConsistencyProgress& progress) override {
    if (progress.documents_checked == 1) running_ = this;
    std::this_thread::yield();
    EXPECT_EQ(running_, this) << "another check runs meanwhile";
    seen_ = progress.documents_checked;
  }
  bool finished() const { return seen_ == documents_; }

 private:
  std::atomic<const void*>& running_;
  const std::int64_t documents_;
  std::int64_t seen_ = 0;
};

TEST(AdministrationTest, AQuotaWhoseAnswerWasLostIsSetAgain) {
  for (const Fault fault : {Fault::kUnknownHappened, Fault::kUnknownNotHappened}) {
    ProtocolRig rig(VersionNaming::kAttempt);
    Sweeper sweeper(rig.metadata, rig.objects, rig.clock, rig.log, rig.observer, {});
    Administration administration(rig.faulty_metadata, rig.objects, sweeper, rig.log, rig.observer,
                                  1000);
    rig.faults.ArmMethod("SetQuota", fault);
    const CallContext call("quota");
    EXPECT_TRUE(administration.SetQuota(call, "alice", 5).ok());
    EXPECT_EQ(administration.GetQuota(call, "alice")->quota_bytes, 5);
    rig.faults.ArmEvery("SetQuota", fault);
    EXPECT_TRUE(administration.SetQuota(call, "alice", 6).Is(Reason::kDatabaseUnavailable));
  }
}

TEST(AdministrationTest, ChecksFollowOneAnother) {
  constexpr int kDocuments = 40;
  ProtocolRig rig(VersionNaming::kAttempt);
  for (int i = 1; i < kDocuments; ++i) {
    ASSERT_TRUE(rig.Upload(std::to_string(i) + ".txt", "text").ok());
  }
  Sweeper sweeper(rig.metadata, rig.objects, rig.clock, rig.log, rig.observer, {});
  Administration administration(rig.metadata, rig.objects, sweeper, rig.log, rig.observer, 1000);
  std::atomic<const void*> running{nullptr};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      LonelyListener listener(running, kDocuments);
      EXPECT_TRUE(administration.CheckConsistency(CallContext("fsck"), false, listener).ok());
      EXPECT_TRUE(listener.finished());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace satchel
