// The fakes that other tests rely on keep the contracts too.

#include "contract/metadata_store_contract.h"
#include "contract/object_store_contract.h"
#include "support/manual_clock.h"
#include "support/memory_metadata_store.h"
#include "support/memory_object_store.h"

namespace satchel {
namespace {

class MemoryObjectsUnderTest final : public ObjectStoreUnderTest {
 public:
  explicit MemoryObjectsUnderTest(VersionNaming naming) : store_(clock_, naming) {}
  ObjectStore& store() override { return store_; }
  void Reopen() override { store_.Crash(); }

 private:
  ManualClock clock_;
  MemoryObjectStore store_;
};

class MemoryMetadataUnderTest final : public MetadataStoreUnderTest {
 public:
  MetadataStore& store() override { return store_; }
  void Reopen() override {}
  void PassTime(std::chrono::milliseconds duration) override { clock_.Advance(duration); }

 private:
  ManualClock clock_;
  MemoryMetadataStore store_{clock_};
};

INSTANTIATE_TEST_SUITE_P(
    Memory, ObjectStoreContract,
    testing::Values(
        ObjectStoreBackEnd{
            "Attempt",
            [] { return std::make_unique<MemoryObjectsUnderTest>(VersionNaming::kAttempt); }},
        ObjectStoreBackEnd{
            "Opaque",
            [] { return std::make_unique<MemoryObjectsUnderTest>(VersionNaming::kOpaque); }},
        ObjectStoreBackEnd{
            "MemoryMultipart",
            [] { return std::make_unique<MemoryObjectsUnderTest>(VersionNaming::kMultipart); }}),
    NameOfObjectStore);

INSTANTIATE_TEST_SUITE_P(Memory, MetadataStoreContract,
                         testing::Values(MetadataStoreBackEnd{
                             "Memory", [] { return std::make_unique<MemoryMetadataUnderTest>(); }}),
                         NameOfMetadataStore);

}  // namespace
}  // namespace satchel
