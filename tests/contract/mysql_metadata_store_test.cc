// The suite on real MariaDB and real TiDB.

#include <poll.h>

#include "adapters/sql/sql_metadata_store.h"
#include "contract/metadata_store_contract.h"
#include "support/mysql_servers.h"

namespace satchel {
namespace {

class MysqlUnderTest final : public MetadataStoreUnderTest {
 public:
  explicit MysqlUnderTest(ServerKind kind) : options_(SharedServer(kind).options()) {
    ResetSchema(options_);
    Reopen();
  }
  MetadataStore& store() override { return *store_; }
  void Reopen() override { store_ = std::make_unique<SqlMetadataStore>(OpenDatabase(options_)); }
  /// The server's clock cannot be moved, only waited for.
  void PassTime(std::chrono::milliseconds duration) override {
    const CallContext call("test");
    const Timestamp until = store_->Now(call).value() + duration;
    while (store_->Now(call).value() < until) ::poll(nullptr, 0, 1);
  }

 private:
  const MysqlOptions options_;
  std::unique_ptr<MetadataStore> store_;
};

MetadataStoreBackEnd BackEnd(ServerKind kind) {
  return {NameOf(kind), [kind] { return std::make_unique<MysqlUnderTest>(kind); }};
}

INSTANTIATE_TEST_SUITE_P(Mysql, MetadataStoreContract,
                         testing::Values(BackEnd(ServerKind::kMariadb), BackEnd(ServerKind::kTidb)),
                         NameOfMetadataStore);

}  // namespace
}  // namespace satchel
