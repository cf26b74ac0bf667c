#include "core/store_pairing.h"

#include <gtest/gtest.h>

#include <string>

#include "support/fault_injector.h"
#include "support/faulty_metadata_store.h"
#include "support/faulty_object_store.h"
#include "support/manual_clock.h"
#include "support/memory_metadata_store.h"
#include "support/memory_object_store.h"
#include "support/sequential_ids.h"

namespace satchel {
namespace {

class StorePairingTest : public testing::Test {
 protected:
  Result<StoreId> Pair() { return PairStores(call_, faulty_metadata_, faulty_objects_, ids_); }
  void AddDocument() {
    MemoryMetadataStore::Row row;
    row.document.id = DocumentId("f0000000-0000-4000-8000-000000000001");
    row.path = "documents/a/b/2026-02-01/c";
    metadata_.Insert(row);
  }
  void AddVersion() { objects_.Plant({"documents/a/b/2026-02-01/c", ObjectVersion("1")}, "bytes"); }
  void ExpectRefused(const std::string& why) {
    const Status refused = Pair().status();
    EXPECT_TRUE(refused.Is(Reason::kConfigurationInvalid)) << refused.ToString();
    EXPECT_NE(refused.message().find(why), std::string::npos) << refused.ToString();
  }

  const CallContext call_{"start"};
  ManualClock clock_;
  MemoryObjectStore objects_{clock_, VersionNaming::kOpaque};
  MemoryMetadataStore metadata_{clock_};
  FaultInjector faults_;
  FaultyObjectStore faulty_objects_{objects_, faults_};
  FaultyMetadataStore faulty_metadata_{metadata_, faults_};
  SequentialIds ids_;
};

TEST_F(StorePairingTest, NewOnesArePairedAndStayPaired) {
  const Result<StoreId> id = Pair();
  ASSERT_TRUE(id.ok()) << id.status().ToString();
  EXPECT_EQ(objects_.ReadStoreId(call_).value(), *id);
  EXPECT_EQ(metadata_.ReadStoreId(call_).value(), *id);
  AddDocument();
  AddVersion();
  EXPECT_EQ(Pair().value(), *id);
  EXPECT_TRUE(CheckPairing(call_, metadata_, objects_).ok());
}

TEST_F(StorePairingTest, WhateverFailsTheNextStartGoesOn) {
  for (int step = 1;; ++step) {
    for (const Fault fault :
         {Fault::kNotHappened, Fault::kUnknownHappened, Fault::kUnknownNotHappened,
          Fault::kUnknownLate, Fault::kCrashBefore, Fault::kCrashAfter}) {
      metadata_.SetStoreId(std::nullopt);
      objects_.SetStoreId(std::nullopt);
      faults_.Reset();
      faults_.Arm(step, fault);
      const Result<StoreId> first = Pair();
      if (faults_.steps() < step) return;
      SCOPED_TRACE(faults_.trace().back() + " " + std::string(NameOf(fault)));
      faults_.Reset();
      faults_.LandLateEffects();
      const Result<StoreId> second = Pair();
      ASSERT_TRUE(second.ok()) << second.status().ToString();
      EXPECT_TRUE(!first.ok() || *first == *second);
      EXPECT_TRUE(CheckPairing(call_, metadata_, objects_).ok());
    }
  }
}

TEST_F(StorePairingTest, TheIdThatARivalWroteFirstCounts) {
  // Between this start's look and its write another replica has paired the two.
  const StoreId rivals("the rival's id");
  faults_.OnCancel([&] {
    metadata_.SetStoreId(rivals);
    objects_.SetStoreId(rivals);
  });
  faults_.ArmMethod("WriteStoreIdOfDatabase", Fault::kCancel);
  const Result<StoreId> id = Pair();
  ASSERT_TRUE(id.ok()) << id.status().ToString();
  EXPECT_EQ(*id, rivals);
}

TEST_F(StorePairingTest, DifferentIdsAreRefusedByName) {
  metadata_.SetStoreId(StoreId("id-of-database"));
  objects_.SetStoreId(StoreId("id-of-store"));
  ExpectRefused("id-of-database");
  ExpectRefused("id-of-store");
  EXPECT_TRUE(CheckPairing(call_, metadata_, objects_).Is(Reason::kConfigurationInvalid));
  EXPECT_EQ(objects_.ReadStoreId(call_).value()->value(), "id-of-store") << "nothing was changed";
}

TEST_F(StorePairingTest, AStoreThatLostItsDatabaseIsRefused) {
  objects_.SetStoreId(StoreId("id"));
  AddVersion();
  ExpectRefused("the object store holds documents, but the database knows none");
  EXPECT_EQ(metadata_.ReadStoreId(call_).value(), std::nullopt);
}

TEST_F(StorePairingTest, AStoreWithDocumentsButWithoutAnIdIsRefused) {
  AddVersion();
  ExpectRefused("the object store holds documents, but the database knows none");
  EXPECT_EQ(objects_.ReadStoreId(call_).value(), std::nullopt);
}

TEST_F(StorePairingTest, ADatabaseThatLostItsStoreIsRefused) {
  metadata_.SetStoreId(StoreId("id"));
  AddDocument();
  ExpectRefused("the database knows documents, but the object store is empty");
  EXPECT_EQ(objects_.ReadStoreId(call_).value(), std::nullopt);
}

TEST_F(StorePairingTest, TwoWithDocumentsButWithoutIdsAreRefused) {
  AddDocument();
  AddVersion();
  ExpectRefused("both hold documents, but share no id");
}

TEST_F(StorePairingTest, AnUnreachableSideIsNoMismatch) {
  for (const char* method : {"ReadStoreIdOfDatabase", "ReadStoreIdOfStore"}) {
    faults_.Reset();
    faults_.ArmMethod(method, Fault::kNotHappened);
    const Status unavailable = Pair().status();
    EXPECT_EQ(unavailable.code(), StatusCode::kUnavailable) << unavailable.ToString();
  }
  EXPECT_TRUE(Pair().ok());
}

TEST_F(StorePairingTest, AnIdThatIsGoneLaterIsAMismatch) {
  ASSERT_TRUE(Pair().ok());
  objects_.SetStoreId(std::nullopt);
  EXPECT_TRUE(CheckPairing(call_, metadata_, objects_).Is(Reason::kConfigurationInvalid));
}

}  // namespace
}  // namespace satchel
