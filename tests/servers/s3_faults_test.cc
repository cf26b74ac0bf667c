// A store that is slow, silent or gone: a real server behind a gate.

#include "servers/s3_faults.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "servers/slow_lookups.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST_F(S3Faults, OneConnectionServesManyRequests) {
  for (int i = 0; i < 20; ++i) {
    const ObjectRef object = rig_->Put(i % 2 == 0 ? content_ : "small").value();
    ASSERT_TRUE(rig_->Get(object).ok());
    ASSERT_TRUE(rig_->store.Remove(rig_->call, object).ok());
  }
  EXPECT_EQ(gate_.connections(), 1);
}

TEST_F(S3Faults, AConnectionThatTheStoreClosedMeanwhileIsReplaced) {
  const ObjectRef object = rig_->Put("small").value();
  gate_.ResetAll();
  EXPECT_EQ(rig_->Get(object).value(), "small");
  gate_.ResetAll();
  EXPECT_TRUE(rig_->store.Remove(rig_->call, object).ok());
}

TEST_F(S3Faults, AResetInTheMiddleOfAnUploadPublishesNothing) {
  gate_.SetResetAfter(300'000);
  // More than the sockets on the way hold.
  ExpectUnavailable(rig_->Put(Pattern(20'000'000)).status());
  EXPECT_EQ(direct_->CountVersions(), 0U);
  gate_.SetResetAfter(-1);
  EXPECT_TRUE(rig_->Put(content_).ok()) << "recovers by itself";
}

TEST_F(S3Faults, AStoreThatTakesNoBytesIsGivenUpAfterTheStallTime) {
  auto writer = rig_->store.Create(rig_->call, rig_->SpecOf(content_));
  ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf(content_).first(200'000)).ok());
  gate_.SetBlackhole(true);
  const auto begin = steady_clock::now();
  // What the sockets on the way hold is taken first.
  Status appended = (*writer)->Append(rig_->call, BytesOf(content_).subspan(200'000));
  if (appended.ok()) appended = (*writer)->Commit(rig_->call, HashOf(content_)).status();
  EXPECT_TRUE(appended.Is(Reason::kObjectStoreUnavailable) || appended.Is(Reason::kOutcomeUnknown))
      << appended.ToString();
  EXPECT_LT(steady_clock::now() - begin, 10s);
  writer->reset();
  gate_.SetBlackhole(false);
  gate_.ResetAll();
  EXPECT_EQ(direct_->CountVersions(), 0U);
}

// Name and quota are given back after it: nothing may stand in the way of that.
TEST_F(S3Faults, GivingUpALargeUploadDoesNotWaitForTheStore) {
  options_.single_put_bytes_max = 1000;
  options_.time_limits = {.connect = 60s, .first_byte = 60s, .stall = 60s};
  S3Rig patient(options_);
  const ObjectSpec spec = patient.SpecOf(content_);
  auto writer = patient.store.Create(patient.call, spec);
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  ASSERT_TRUE((*writer)->Append(patient.call, BytesOf(content_).first(500'000)).ok());
  const UploadId upload = (*writer)->upload();
  gate_.SetBlackhole(true);
  const int connections = gate_.connections();
  const auto begin = steady_clock::now();
  writer->reset();
  EXPECT_LT(steady_clock::now() - begin, 500ms);
  EXPECT_EQ(gate_.connections(), connections) << "and does not ask it";
  EXPECT_EQ(direct_->CountUploads(), 1U);
  EXPECT_TRUE(direct_->store.RemoveAttempt(direct_->call, spec.key, spec.attempt, upload).ok());
  EXPECT_EQ(direct_->CountUploads(), 0U);
}

TEST_F(S3Faults, ANameThatIsLookedUpForTooLongIsGivenUpAfterTheConnectTime) {
  options_.endpoint.host = std::string(kSlowName) + ":" + std::to_string(gate_.port());
  S3Rig slow(options_);
  SlowLookups::Hold(true);
  const auto begin = steady_clock::now();
  ExpectUnavailable(slow.store.Probe(slow.call));
  EXPECT_LT(steady_clock::now() - begin, 5s);
  const CallContext late("late", steady_clock::now() + 100ms);
  EXPECT_TRUE(slow.store.Now(late).status().Is(Reason::kDeadlineExceeded));
  EXPECT_LT(steady_clock::now() - begin, 5s);
  SlowLookups::Hold(false);
  const Status reached = slow.store.Probe(slow.call);
  EXPECT_TRUE(reached.ok()) << reached.ToString();
}

TEST_F(S3Faults, AStoreThatDoesNotAnswerIsAskedFourTimes) {
  const ObjectRef object = direct_->Put("small").value();
  gate_.SetHoldAnswers(true);
  const auto begin = steady_clock::now();
  ExpectUnavailable(rig_->Get(object).status());
  EXPECT_GE(steady_clock::now() - begin, 1200ms);
  EXPECT_EQ(rig_->pauses.waited, (std::vector{75ms, 300ms, 1200ms})) << "with a chance of 0.5";
  EXPECT_EQ(gate_.connections(), 4);
}

TEST_F(S3Faults, AStoreThatIsBackAtTheSecondTryIsNoFault) {
  const ObjectRef object = direct_->Put("small").value();
  gate_.SetRefuse(true);
  rig_->pauses.on_wait = [&] { gate_.SetRefuse(false); };
  EXPECT_EQ(rig_->Get(object).value(), "small");
  EXPECT_EQ(rig_->pauses.waited.size(), 1U);
}

TEST_F(S3Faults, AnUploadWhoseConnectionIsRefusedBeginsAnew) {
  for (const std::string& content : {std::string("small"), content_}) {
    gate_.SetRefuse(true);
    gate_.ResetAll();
    rig_->pauses.waited.clear();
    rig_->pauses.on_wait = [&] { gate_.SetRefuse(false); };
    const Result<ObjectRef> object = rig_->Put(content);
    ASSERT_TRUE(object.ok()) << object.status().ToString();
    EXPECT_TRUE(direct_->Get(*object).value() == content);
    EXPECT_EQ(rig_->pauses.waited.size(), 1U);
  }
  EXPECT_EQ(direct_->CountVersions(), 2U) << "none was stored twice";
}

TEST_F(S3Faults, AnUploadWhoseAnswerWasLostIsNeverSentAgain) {
  for (const std::string& content : {std::string("small"), content_}) {
    auto writer = rig_->store.Create(rig_->call, rig_->SpecOf(content));
    ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf(content)).ok());
    gate_.SetHoldAnswers(true);
    // Nobody can be asked what became of it.
    rig_->pauses.on_wait = [&] { gate_.SetRefuse(true); };
    const auto committed = (*writer)->Commit(rig_->call, HashOf(content));
    EXPECT_TRUE(committed.status().Is(Reason::kOutcomeUnknown)) << committed.status().ToString();
    gate_.SetHoldAnswers(false);
    gate_.SetRefuse(false);
    gate_.ResetAll();
  }
  // The store may not be done with one of which the connection was cut.
  EXPECT_LE(direct_->CountVersions(), 2U);
}

// A connection that was used before and breaks without an answer is where HTTP clients repeat.
TEST_F(S3Faults, AnUploadOnAUsedConnectionIsNotRepeatedBehindOurBack) {
  for (const std::string& content : {std::string("small"), content_}) {
    ASSERT_TRUE(rig_->store.Probe(rig_->call).ok());
    const std::size_t before = direct_->CountVersions();
    auto writer = rig_->store.Create(rig_->call, rig_->SpecOf(content));
    ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf(content)).ok());
    gate_.SetDropAnswers(true);
    const auto committed = (*writer)->Commit(rig_->call, HashOf(content));
    EXPECT_TRUE(committed.status().Is(Reason::kOutcomeUnknown)) << committed.status().ToString();
    gate_.SetDropAnswers(false);
    EXPECT_EQ(direct_->CountVersions(), before + 1);
  }
}

TEST_F(S3Faults, AnUploadWhoseAnswerWasLostIsRecognisedWhereItCanBe) {
  auto writer = rig_->store.Create(rig_->call, rig_->SpecOf("small"));
  ASSERT_TRUE((*writer)->Append(rig_->call, BytesOf("small")).ok());
  gate_.SetHoldAnswers(true);
  rig_->pauses.on_wait = [&] { gate_.SetHoldAnswers(false); };
  const auto committed = (*writer)->Commit(rig_->call, HashOf("small"));
  ASSERT_TRUE(committed.ok()) << committed.status().ToString();
  EXPECT_EQ(direct_->Get({S3Rig::kKey, *committed}).value(), "small");
  EXPECT_EQ(direct_->CountVersions(), 1U);
}

TEST_F(S3Faults, ACallThatEndsIsLeftAtOnce) {
  const ObjectRef object = direct_->Put("small").value();
  options_.time_limits = {.connect = 60s, .first_byte = 60s, .stall = 60s};
  S3Rig patient(options_);
  gate_.SetBlackhole(true);
  const auto begin = steady_clock::now();
  const CallContext late("late", begin + 300ms);
  EXPECT_TRUE(patient.store.Open(late, object, 0).status().Is(Reason::kDeadlineExceeded));
  CallContext gone("gone");
  std::thread caller([&] {
    SystemPauses pauses;
    (void)pauses.Wait(CallContext("timer"), 100ms);
    gone.Cancel();
  });
  EXPECT_TRUE(patient.store.Remove(gone, object).Is(Reason::kCancelled));
  caller.join();
  EXPECT_LT(steady_clock::now() - begin, 5s);
}

TEST_F(S3Faults, ConnectionsAreBoundedAndNeverWaitedFor) {
  options_.connections_max = 2;
  options_.time_limits = {.connect = 60s, .first_byte = 60s, .stall = 60s};
  S3Rig few(options_);
  std::vector<std::unique_ptr<ObjectWriter>> writers;
  for (int i = 0; i < 2; ++i) {
    writers.push_back(few.store.Create(few.call, few.SpecOf(content_)).value());
    ASSERT_TRUE(writers.back()->Append(few.call, BytesOf(content_).first(500'000)).ok());
  }
  const Status refused = few.store.Probe(few.call);
  EXPECT_TRUE(refused.Is(Reason::kServerBusy)) << "not the store's fault: " << refused.ToString();
  EXPECT_TRUE(refused.retry_after().has_value());
  writers.pop_back();
  EXPECT_TRUE(few.store.Probe(few.call).ok());
}

}  // namespace
}  // namespace satchel
