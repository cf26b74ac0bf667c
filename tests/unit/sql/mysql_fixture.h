/// A metadata store on each real server, with a gate between them that a test can close.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "adapters/sql/sql_metadata_store.h"
#include "base/identifiers.h"
#include "support/mysql_servers.h"
#include "support/reservations.h"
#include "support/tcp_gate.h"

namespace satchel {

inline std::string NameOfServer(const testing::TestParamInfo<ServerKind>& info) {
  return NameOf(info.param);
}

#define SATCHEL_ON_EVERY_SERVER(Fixture)   \
  INSTANTIATE_TEST_SUITE_P(Mysql, Fixture, \
                           testing::Values(ServerKind::kMariadb, ServerKind::kTidb), NameOfServer)

class MysqlTest : public testing::TestWithParam<ServerKind> {
 protected:
  static constexpr std::int64_t kQuota = 1'000'000;  ///< bytes

  MysqlTest() : server_(SharedServer(GetParam())), gate_(server_.port()) {
    ResetSchema(server_.options());
    database_ = OpenDatabase(ThroughGate());
    store_ = std::make_unique<SqlMetadataStore>(database_);
  }

  MysqlOptions ThroughGate() const {
    MysqlOptions options = server_.options();
    options.port = gate_.port();
    return options;
  }

  ReserveRequest Request(const std::string& user, const std::string& filename,
                         std::int64_t size = 100) {
    return {.id = ids_.NewDocumentId(),
            .attempt = ids_.NewAttemptId(),
            .user = UserId(user),
            .category = "general",
            .filename = filename,
            .mime_type = "text/plain",
            .size = size,
            .default_quota = kQuota,
            .lease = std::chrono::seconds(900)};
  }
  static CompleteRequest CompletionOf(const ReserveRequest& request) {
    return {ReservedBy(request), ObjectVersion("v-" + request.attempt.value()),
            ContentHash(std::string(64, 'a'))};
  }
  Usage UsageOf(const std::string& user) {
    const Result<Usage> usage = store_->GetUsage(call_, UserId(user), kQuota);
    EXPECT_TRUE(usage.ok()) << usage.status().ToString();
    return usage.ok() ? *usage : Usage();
  }

  /// One text as a query on the gate's database.
  Status Ask(const CallContext& call, std::string_view sql) {
    return database_->Read(call, ReadScope::kStatement, [&](SqlConnection& connection) {
      return connection.Query(sql, {}, [](const SqlRow&) {}).status();
    });
  }

  MysqlServerProcess& server_;
  TcpGate gate_;
  SecureIdGenerator ids_;
  const CallContext call_{"test"};
  std::shared_ptr<MysqlDatabase> database_;
  std::unique_ptr<SqlMetadataStore> store_;
};

/// How long something took.
class Stopwatch {
 public:
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start_);
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace satchel
