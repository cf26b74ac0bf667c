#include "adapters/sql/sqlite_store.h"
#include "contract/metadata_store_contract.h"
#include "support/manual_clock.h"
#include "support/temporary_folder.h"

namespace satchel {
namespace {

class SqliteUnderTest final : public MetadataStoreUnderTest {
 public:
  SqliteUnderTest() { Open(); }
  MetadataStore& store() override { return *store_; }
  void Reopen() override {
    store_.reset();
    Open();
  }
  void PassTime(std::chrono::milliseconds duration) override { clock_.Advance(duration); }

 private:
  void Open() {
    const std::string path = (folder_.path() / "satchel.db").string();
    auto opened = OpenSqliteMetadataStore({{path, 4, &clock_}, true});
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    store_ = std::move(opened).value();
  }

  const TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<MetadataStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, MetadataStoreContract,
                         testing::Values(MetadataStoreBackEnd{
                             "Sqlite", [] { return std::make_unique<SqliteUnderTest>(); }}),
                         NameOfMetadataStore);

}  // namespace
}  // namespace satchel
