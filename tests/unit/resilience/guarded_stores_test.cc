#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/sha256.h"
#include "resilience/guarded_metadata_store.h"
#include "resilience/guarded_object_store.h"
#include "support/fault_injector.h"
#include "support/faulty_metadata_store.h"
#include "support/faulty_object_store.h"
#include "support/manual_clock.h"
#include "support/memory_metadata_store.h"
#include "support/memory_object_store.h"

namespace satchel {
namespace {

/// Counts what passes, and refuses when told to.
class CountingLayer final : public CallLayer {
 public:
  explicit CountingLayer(int& passed, Status& refusal) : passed_(passed), refusal_(refusal) {}
  std::string_view name() const override { return "counting"; }
  Status Run(const CallContext& call, CallLength /*length*/, const Next& next) override {
    if (!refusal_.ok()) return refusal_;
    ++passed_;
    return next(call);
  }

 private:
  int& passed_;
  Status& refusal_;
};

CallStack OneLayer(int& passed, Status& refusal) {
  CallStack::Layers layers;
  layers.push_back(std::make_unique<CountingLayer>(passed, refusal));
  return CallStack(std::move(layers));
}

/// As the faulty store names them, in the order in which the test calls them.
const std::vector<std::string>& AllMethods() {
  static const std::vector<std::string> methods = {"Reserve",
                                                   "RenewLease",
                                                   "RecordUpload",
                                                   "Complete",
                                                   "Fail",
                                                   "FailExpired",
                                                   "Forget",
                                                   "FindAttempt",
                                                   "Find",
                                                   "Delete",
                                                   "List",
                                                   "GetUsage",
                                                   "SetQuota",
                                                   "GetStorageTotals",
                                                   "FindExpiredUploads",
                                                   "FindGarbage",
                                                   "FilterKnownAttempts",
                                                   "FilterReferencedVersions",
                                                   "ScanDocuments",
                                                   "FindUsageMismatches",
                                                   "RepairUsage",
                                                   "RecordHash",
                                                   "RecordVersion",
                                                   "ProbeDatabase",
                                                   "DatabaseNow",
                                                   "ReadStoreIdOfDatabase",
                                                   "WriteStoreIdOfDatabase",
                                                   "HasDocuments",
                                                   "AcquireSweeperLease"};
  return methods;
}

class GuardedStoresTest : public testing::Test {
 protected:
  int passed = 0;
  Status refusal;
  CallStack stack = OneLayer(passed, refusal);
  ManualClock clock;
  CallContext call{"c"};
};

TEST_F(GuardedStoresTest, EveryMethodOfTheMetadataStorePassesTheLayersAndReachesItsOwn) {
  MemoryMetadataStore memory(clock);
  FaultInjector faults;
  FaultyMetadataStore traced(memory, faults);
  GuardedMetadataStore store(traced, stack);
  const DocumentId id("d");
  const AttemptId attempt("a");
  const UserId user("u");
  ReserveRequest request;
  request.id = id;
  (void)store.Reserve(call, request);
  (void)store.RenewLease(call, id, attempt, std::chrono::seconds(9));
  (void)store.RecordUpload(call, id, attempt, UploadId("m"));
  (void)store.Complete(call, {Document(), ObjectVersion("v"), ContentHash("h")});
  (void)store.Fail(call, id, attempt);
  (void)store.FailExpired(call, id, attempt);
  (void)store.Forget(call, id, attempt);
  (void)store.FindAttempt(call, id, attempt);
  (void)store.Find(call, id);
  (void)store.Delete(call, user, id, std::chrono::seconds(0), 10);
  ListQuery query;
  query.user = user;
  query.page_size = 5;
  (void)store.List(call, query);
  (void)store.GetUsage(call, user, 10);
  (void)store.SetQuota(call, user, 10);
  (void)store.GetStorageTotals(call, 10);
  (void)store.FindExpiredUploads(call, std::nullopt, 10);
  (void)store.FindGarbage(call, std::nullopt, 10);
  (void)store.FilterKnownAttempts(call, {attempt});
  (void)store.FilterReferencedVersions(call, {});
  (void)store.ScanDocuments(call, id, 10);
  (void)store.FindUsageMismatches(call);
  (void)store.RepairUsage(call, user);
  (void)store.RecordHash(call, id, ContentHash("h"));
  (void)store.RecordVersion(call, id, ObjectVersion("v"));
  (void)store.Probe(call);
  (void)store.Now(call);
  (void)store.ReadStoreId(call);
  (void)store.WriteStoreId(call, StoreId("s"));
  (void)store.HasDocuments(call);
  (void)store.AcquireSweeperLease(call, "h", std::chrono::seconds(9));
  EXPECT_EQ(faults.trace(), AllMethods());
  EXPECT_EQ(passed, static_cast<int>(AllMethods().size()));

  refusal = Status(Reason::kDatabaseUnavailable, "open");
  EXPECT_TRUE(store.Find(call, id).status().Is(Reason::kDatabaseUnavailable));
  EXPECT_TRUE(store.Fail(call, id, attempt).Is(Reason::kDatabaseUnavailable));
  EXPECT_EQ(faults.trace().size(), AllMethods().size()) << "what is refused is not asked";
}

TEST_F(GuardedStoresTest, ObjectsThatAreWrittenAndReadPassTheLayersToo) {
  MemoryObjectStore memory(clock, VersionNaming::kOpaque);
  GuardedObjectStore store(memory, stack);
  const std::string key = "documents/u/c/2026-03-01/f.txt";
  const std::string content = "hello";
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(content)));
  auto writer = store.Create(call, {key, AttemptId(std::string(32, 'a')), 5, "text/plain"});
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append(call, std::as_bytes(std::span(content))).ok());
  const Result<ObjectVersion> version = (*writer)->Commit(call, hash.Finish());
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(passed, 3);
  auto reader = store.Open(call, {key, *version}, 0);
  ASSERT_TRUE(reader.ok() && *reader != nullptr);
  EXPECT_EQ((*reader)->size(), 5);
  std::string read(5, '\0');
  const Result<std::size_t> count = (*reader)->Read(call, std::as_writable_bytes(std::span(read)));
  ASSERT_TRUE(count.ok());
  EXPECT_EQ(read, content);
  EXPECT_EQ(passed, 5);

  auto absent = store.Open(call, {key, ObjectVersion("no such")}, 0);
  ASSERT_TRUE(absent.ok());
  EXPECT_EQ(*absent, nullptr) << "absent is a value, not an error";

  refusal = Status(Reason::kObjectStoreUnavailable, "open");
  EXPECT_TRUE((*reader)
                  ->Read(call, std::as_writable_bytes(std::span(read)))
                  .status()
                  .Is(Reason::kObjectStoreUnavailable));
  EXPECT_TRUE(store.Remove(call, {key, *version}).Is(Reason::kObjectStoreUnavailable));
}

}  // namespace
}  // namespace satchel
