// No question of the service reads the whole table, on either server: each is explained as it is
// asked.

#include <mutex>

#include "unit/sql/mysql_fixture.h"

namespace satchel {
namespace {

/// The plan of one statement.
struct Plan {
  std::string sql;
  std::string text;
  bool scans = false;
};

/// Explains each SELECT and UPDATE before it runs it.
class ExplainingConnection final : public SqlConnection {
 public:
  ExplainingConnection(SqlConnection& inner, ServerKind kind, std::vector<Plan>& plans)
      : inner_(inner), kind_(kind), plans_(plans) {}

  SqlResult<std::int64_t> Execute(std::string_view sql, std::span<const SqlValue> values) override {
    if (sql.starts_with("UPDATE")) Explain(sql, values);
    return inner_.Execute(sql, values);
  }
  SqlResult<std::int64_t> Query(std::string_view sql, std::span<const SqlValue> values,
                                const RowCallback& on_row) override {
    if (sql.find(" FROM ") != std::string_view::npos) Explain(sql, values);
    return inner_.Query(sql, values, on_row);
  }
  SqlResult<std::int64_t> ExecuteScript(std::string_view script) override {
    return inner_.ExecuteScript(script);
  }

 private:
  void Explain(std::string_view sql, std::span<const SqlValue> values) {
    Plan plan{std::string(sql), {}, false};
    const auto explained =
        inner_.Query("EXPLAIN " + plan.sql, values, [&](const SqlRow& row) { Read(row, plan); });
    EXPECT_TRUE(explained.ok()) << explained.status().ToString() << "\n" << sql;
    plans_.push_back(std::move(plan));
  }
  void Read(const SqlRow& row, Plan& plan) const {
    const bool mariadb = kind_ == ServerKind::kMariadb;
    // MariaDB: id, select_type, table, type, possible_keys, key. TiDB: the operator's name first.
    const std::string how(row.Text(mariadb ? 3 : 0));
    plan.text += how + " " + std::string(row.Text(mariadb ? 5 : 3)) + "; ";
    plan.scans |=
        mariadb ? how == "ALL" || how == "index" : how.find("FullScan") != std::string::npos;
  }

  SqlConnection& inner_;
  const ServerKind kind_;
  std::vector<Plan>& plans_;
};

class ExplainingDatabase final : public SqlDatabase {
 public:
  ExplainingDatabase(std::shared_ptr<SqlDatabase> inner, ServerKind kind)
      : inner_(std::move(inner)), kind_(kind) {}

  Status Write(const CallContext& call, Durability durability,
               const SqlOperation& operation) override {
    return inner_->Write(call, durability, Explained(operation));
  }
  Status Read(const CallContext& call, ReadScope scope, const SqlOperation& operation) override {
    return inner_->Read(call, scope, Explained(operation));
  }
  Status Migrate(const CallContext& call, const SqlOperation& operation) override {
    return inner_->Migrate(call, operation);
  }
  const SqlDialect& dialect() const override { return inner_->dialect(); }

  std::vector<Plan> plans;

 private:
  SqlOperation Explained(const SqlOperation& operation) {
    return [this, operation](SqlConnection& connection) {
      ExplainingConnection explaining(connection, kind_, plans);
      return operation(explaining);
    };
  }

  const std::shared_ptr<SqlDatabase> inner_;
  const ServerKind kind_;
};

class MysqlPlanTest : public MysqlTest {
 protected:
  MysqlPlanTest() : explaining_(std::make_shared<ExplainingDatabase>(database_, GetParam())) {
    // 10,000 documents of one user and 10,000 of others, most of them stored.
    constexpr std::string_view kDigits =
        "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT "
        "4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL "
        "SELECT 9)";
    std::string from;
    for (const char* name : {"a", "b", "c", "e"}) {
      from.append(from.empty() ? " FROM " : ", ").append(kDigits).append(" AS ").append(name);
    }
    for (const char* user : {"'alice'", "CONCAT('user', i DIV 5)"}) {
      RunSql(server_.options(),
             std::string("INSERT INTO rag_document (id, status, user_id, category, filename, path, "
                         "size, mime_type, created_at, updated_at, object_key, attempt, version, "
                         "sha256, lease_expires_at, purge_after) SELECT UUID(), "
                         "CASE WHEN i % 100 = 1 THEN 'PENDING' WHEN i % 100 = 2 THEN 'FAILED' "
                         "ELSE 'COMPLETED' END, ") +
                 user + ", CONCAT('c', i % 10), i, CONCAT('documents/', " + user +
                 ", '/', i), 1, 'text/plain', NOW(3) - INTERVAL i MINUTE, NOW(3), "
                 "CONCAT('documents/', " +
                 user + ", '/', i), MD5(CONCAT(" + user +
                 ", i)), CASE WHEN i % 100 = 1 THEN NULL ELSE CONCAT('v', " + user +
                 ", i) END, NULL, CASE WHEN i % 100 = 1 THEN NOW(3) + INTERVAL i SECOND END, "
                 "CASE WHEN i % 100 = 2 THEN NOW(3) + INTERVAL i SECOND END "
                 "FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS i" +
                 from + ") AS numbers");
    }
    RunSql(server_.options(),
           "INSERT INTO user_usage (user_id, file_count, total_bytes, updated_at) "
           "SELECT user_id, COUNT(*), COUNT(*), NOW(3) FROM rag_document GROUP BY user_id; "
           "ANALYZE TABLE rag_document, user_usage");
    store_ = std::make_unique<SqlMetadataStore>(explaining_);
  }

  void ExpectNoScan(const char* what) {
    EXPECT_FALSE(explaining_->plans.empty()) << what;
    for (const Plan& plan : explaining_->plans) {
      EXPECT_FALSE(plan.scans) << what << ": " << plan.sql << "\n" << plan.text;
    }
    explaining_->plans.clear();
  }

  /// Pages of listings.
  void List();
  /// What the sweeper and fsck ask.
  void Sweep();
  /// Edges of rows.
  void Change();

  const std::shared_ptr<ExplainingDatabase> explaining_;
};

TEST_P(MysqlPlanTest, NoQuestionReadsTheWholeTable) {
  List();
  Sweep();
  Change();
}

void MysqlPlanTest::List() {
  ListQuery query{.user = UserId("alice"), .category = {}, .day = {}, .after = {}, .page_size = 50};
  const ListPage first = store_->List(call_, query).value();
  ASSERT_EQ(first.documents.size(), 50U);
  query.after = ListCursor{first.documents.back().created_at, first.documents.back().id};
  ASSERT_TRUE(store_->List(call_, query).ok());
  query.category = "c3";
  ASSERT_TRUE(store_->List(call_, query).ok());
  query.day = std::chrono::floor<std::chrono::days>(first.documents.back().created_at);
  ASSERT_TRUE(store_->List(call_, query).ok());
  query.category.reset();
  query.after.reset();
  ASSERT_TRUE(store_->List(call_, query).ok());
  ExpectNoScan("list");
}

void MysqlPlanTest::Sweep() {
  ASSERT_TRUE(store_->FindExpiredUploads(call_, std::chrono::seconds(0), 10).ok());
  ExpectNoScan("expired uploads");
  ASSERT_TRUE(store_->FindExpiredUploads(call_, std::nullopt, 10).ok());
  ExpectNoScan("all uploads");
  ASSERT_TRUE(store_->FindGarbage(call_, std::nullopt, 10).ok());
  ASSERT_TRUE(store_->FindGarbage(call_, GarbagePosition{Timestamp(), DocumentId("5")}, 10).ok());
  ExpectNoScan("garbage");
  std::vector<ObjectRef> objects;
  std::vector<AttemptId> attempts;
  for (int i = 0; i < 100; ++i) {
    objects.push_back(
        {"documents/alice/" + std::to_string(i), ObjectVersion("valice" + std::to_string(i))});
    attempts.emplace_back(std::string(32, 'a'));
  }
  EXPECT_EQ(store_->FilterReferencedVersions(call_, objects).value().size(), objects.size());
  ExpectNoScan("referenced versions");
  ASSERT_TRUE(store_->FilterKnownAttempts(call_, attempts).ok());
  ExpectNoScan("known attempts");
  ASSERT_TRUE(store_->ScanDocuments(call_, DocumentId("8"), 100).ok());
  ExpectNoScan("scan");
}

void MysqlPlanTest::Change() {
  const ReserveRequest request = Request("alice", "new.txt", 1);
  ASSERT_TRUE(store_->Reserve(call_, request).ok());
  EXPECT_TRUE(store_->Reserve(call_, Request("alice", "new.txt", 1))
                  .status()
                  .Is(Reason::kDocumentAlreadyExists));
  ExpectNoScan("reserve");
  ASSERT_TRUE(store_->RenewLease(call_, request.id, request.attempt, request.lease).ok());
  ASSERT_TRUE(store_->Complete(call_, CompletionOf(request)).ok());
  ExpectNoScan("complete");
  ASSERT_TRUE(store_->FindAttempt(call_, request.id, request.attempt).ok());
  ASSERT_TRUE(store_->Find(call_, request.id).ok());
  ASSERT_TRUE(store_->Delete(call_, request.user, request.id, {}, kQuota).ok());
  ASSERT_TRUE(store_->GetUsage(call_, request.user, kQuota).ok());
  ASSERT_TRUE(store_->RepairUsage(call_, UserId("user7")).ok());
  ExpectNoScan("delete and usage");
}

SATCHEL_ON_EVERY_SERVER(MysqlPlanTest);

}  // namespace
}  // namespace satchel
