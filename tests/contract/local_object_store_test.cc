#include "adapters/localfs/local_object_store.h"

#include "adapters/localfs/storage_folder.h"
#include "contract/object_store_contract.h"
#include "support/temporary_folder.h"

namespace satchel {
namespace {

class LocalStoreUnderTest final : public ObjectStoreUnderTest {
 public:
  LocalStoreUnderTest() { Open(); }
  ObjectStore& store() override { return *store_; }
  void Reopen() override {
    store_.reset();
    opened_.reset();
    Open();
  }

 private:
  void Open() {
    auto opened = StorageFolder::Make(folder_.path());
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    opened_ = std::move(opened).value();
    store_ = std::make_unique<LocalObjectStore>(*opened_);
  }

  const TemporaryFolder folder_;
  std::unique_ptr<StorageFolder> opened_;
  std::unique_ptr<LocalObjectStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Local, ObjectStoreContract,
                         testing::Values(ObjectStoreBackEnd{
                             "Files", [] { return std::make_unique<LocalStoreUnderTest>(); }}),
                         NameOfObjectStore);

}  // namespace
}  // namespace satchel
