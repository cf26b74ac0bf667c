// What is acknowledged survives a power loss: whoever may not say so when the log fails to sync.
#include <cerrno>

#include "unit/sql/io_faults.h"
#include "unit/sql/sqlite_fixture.h"

namespace satchel {
namespace {

class DurabilityTest : public SqliteStoreTest {
 protected:
  /// The status of `write` while the log does not sync.
  template <typename Write>
  static Status Unsynced(Write write) {
    const IoFault fault(IoFault::Call::kSync, "-wal", EIO);
    Status status = write();
    EXPECT_EQ(fault.failures(), 1) << "the sync is not tried again";
    return status;
  }

  ReserveRequest Reserved() {
    ReserveRequest request = Request("alice", "notes.txt");
    EXPECT_TRUE(store_->Reserve(call_, request).ok());
    return request;
  }
};

TEST_F(DurabilityTest, ACompletedUpload) {
  const ReserveRequest request = Reserved();
  const Status status = Unsynced([&] { return Complete(request).status(); });
  EXPECT_TRUE(status.Is(Reason::kOutcomeUnknown)) << status.ToString();
}

TEST_F(DurabilityTest, ADelete) {
  const Document document = Store("alice", "notes.txt");
  const Status status = Unsynced([&] {
    return store_->Delete(call_, document.user, document.id, std::chrono::seconds(0), kDefaultQuota)
        .status();
  });
  EXPECT_TRUE(status.Is(Reason::kOutcomeUnknown)) << status.ToString();
}

TEST_F(DurabilityTest, AQuota) {
  const Status status = Unsynced([&] { return store_->SetQuota(call_, UserId("alice"), 5); });
  EXPECT_TRUE(status.Is(Reason::kOutcomeUnknown)) << status.ToString();
}

TEST_F(DurabilityTest, TheIdThatPairsTheStores) {
  const Status status = Unsynced([&] { return store_->WriteStoreId(call_, StoreId("one")); });
  EXPECT_TRUE(status.Is(Reason::kOutcomeUnknown)) << status.ToString();
}

TEST_F(DurabilityTest, WhatBecameOfAnAttemptIsToldOnlyOnceItIsOnTheDisk) {
  const ReserveRequest request = Reserved();
  {
    const IoFault fault(IoFault::Call::kSync, "-wal", EIO);
    EXPECT_TRUE(Complete(request).status().Is(Reason::kOutcomeUnknown));
    EXPECT_TRUE((*store_->Find(call_, request.id))->state == DocumentState::kCompleted)
        << "the page cache has it, the disk may not";
    const auto found = store_->FindAttempt(call_, request.id, request.attempt);
    EXPECT_TRUE(found.status().Is(Reason::kDatabaseUnavailable)) << found.status().ToString();
  }
  const auto found = store_->FindAttempt(call_, request.id, request.attempt);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->state, DocumentState::kCompleted);
  Reopen();
  EXPECT_EQ((*store_->Find(call_, request.id))->state, DocumentState::kCompleted);
}

}  // namespace
}  // namespace satchel
