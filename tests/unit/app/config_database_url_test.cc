#include "app/config_database_url.h"

#include <gtest/gtest.h>

namespace satchel {
namespace {

TEST(ParseDatabaseUrl, SqlitePaths) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"sqlite:///satchel.db", "satchel.db"},
      {"sqlite:///./data/satchel.db", "./data/satchel.db"},
      {"sqlite:////var/lib/satchel.db", "/var/lib/satchel.db"},
      {"sqlite:////with%20blank%3F/x.db", "/with blank?/x.db"},
      {"sqlite:////gr%C3%BCn/x.db", "/grün/x.db"}};
  for (const auto& [text, path] : cases) {
    const std::optional<DatabaseUrl> url = ParseDatabaseUrl(text);
    ASSERT_TRUE(url) << text;
    EXPECT_EQ(url->kind, DatabaseKind::kSqlite);
    EXPECT_EQ(url->path, path);
  }
}

TEST(ParseDatabaseUrl, MysqlParts) {
  const std::optional<DatabaseUrl> url =
      ParseDatabaseUrl("mysql://ad%40a:p%2Fw%3Aé%25@db.example.com:4000/doc%2Duments");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->kind, DatabaseKind::kMysql);
  EXPECT_EQ(url->user, "ad@a");
  EXPECT_EQ(url->password.Reveal(), "p/w:é%");
  EXPECT_EQ(url->host, "db.example.com");
  EXPECT_EQ(url->port, 4000);
  EXPECT_EQ(url->database, "doc-uments");
}

TEST(ParseDatabaseUrl, MysqlOptionalParts) {
  const std::optional<DatabaseUrl> url = ParseDatabaseUrl("mysql://root@[::1]/test");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->user, "root");
  EXPECT_TRUE(url->password.empty());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 3306);
}

TEST(ParseDatabaseUrl, APasswordMayHoldRawCharacters) {
  const std::optional<DatabaseUrl> url = ParseDatabaseUrl("mysql://u:a@b:c/d@h/x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->password.Reveal(), "a@b:c/d");
  EXPECT_EQ(url->host, "h");
  EXPECT_EQ(url->database, "x");
}

TEST(ParseDatabaseUrl, RefusesEverythingElse) {
  for (const std::string_view bad : {"",
                                     "sqlite",
                                     "sqlite://",
                                     "sqlite:///",
                                     "sqlite://satchel.db",
                                     "sqlite::memory:",
                                     "sqlite:///:memory:",
                                     "sqlite:////folder/",
                                     "sqlite:///x?mode=ro",
                                     "sqlite:///x#y",
                                     "sqlite:///a%00b",
                                     "sqlite:///a%0Ab",
                                     "sqlite:///a%zz",
                                     "sqlite:///a%2",
                                     "oracle://x",
                                     "mysql://",
                                     "mysql://h/x",
                                     "mysql://u@h",
                                     "mysql://u@h/",
                                     "mysql://@h/x",
                                     "mysql://u@/x",
                                     "mysql://:p@h/x",
                                     "mysql://u:p@h:0/x",
                                     "mysql://u:p@h:99999/x",
                                     "mysql://u:p@h:port/x",
                                     "mysql://u:%zz@h/x",
                                     "mysql://u:p@h/x?sslaccept=strict",
                                     "mysql+pymysql://u:p@h/x",
                                     "postgres://u:p@h/x",
                                     "MYSQL://u:p@h/x",
                                     " sqlite:///x"}) {
    EXPECT_FALSE(ParseDatabaseUrl(bad)) << bad;
  }
}

TEST(DatabaseUrl, MaskedShowsNoPassword) {
  EXPECT_EQ(ParseDatabaseUrl("mysql://me:s3cr3t@db:3306/documents")->Masked(),
            "mysql://me:***@db:3306/documents");
  EXPECT_EQ(ParseDatabaseUrl("mysql://a%40b@[::1]/x")->Masked(), "mysql://a%40b@[::1]:3306/x");
  EXPECT_EQ(ParseDatabaseUrl("sqlite:////var/x.db")->Masked(), "sqlite:////var/x.db");
}

}  // namespace
}  // namespace satchel
