#include "core/legacy_import/source_url.h"

#include <gtest/gtest.h>

namespace satchel {
namespace {

TEST(SourceUrl, ReadsWhatSqlalchemyWasGiven) {
  const auto url =
      ParseSourceUrl("postgresql+asyncpg://ad%40a:p%3A%2Fw@db.example.org:6432/plat%20form");
  ASSERT_TRUE(url.ok()) << url.status().ToString();
  EXPECT_EQ(url->kind, LegacyDatabase::kPostgresql);
  EXPECT_EQ(url->user, "ad@a");
  EXPECT_EQ(url->password.Reveal(), "p:/w");
  EXPECT_EQ(url->host, "db.example.org");
  EXPECT_EQ(url->port, 6432);
  EXPECT_EQ(url->database, "plat form");
  EXPECT_EQ(DefaultSourceName(*url, "rag_context"), "postgresql:plat form/rag_context");
}

TEST(SourceUrl, KnowsPortsAndAddressesAndOptions) {
  const auto url = ParseSourceUrl("mysql://u@[::1]/d?charset=utf8mb4&ssl_ca=%2Fca.pem");
  ASSERT_TRUE(url.ok()) << url.status().ToString();
  EXPECT_EQ(url->kind, LegacyDatabase::kMysql);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 3306);
  EXPECT_TRUE(url->password.empty());
  EXPECT_EQ(url->ca_file, "/ca.pem");
  EXPECT_EQ(ParseSourceUrl("postgres://u@h/d")->port, 5432);
}

TEST(SourceUrl, ReadsFiles) {
  EXPECT_EQ(ParseSourceUrl("sqlite:///a/b.db")->path, "a/b.db");
  const auto absolute = ParseSourceUrl("sqlite:////var/lib/platform.db");
  ASSERT_TRUE(absolute.ok());
  EXPECT_EQ(absolute->path, "/var/lib/platform.db");
  EXPECT_EQ(DefaultSourceName(*absolute, "t"), "sqlite:platform.db/t");
}

TEST(SourceUrl, RefusesTheRestWithoutTellingThePassword) {
  for (const char* const text :
       {"", "platform.db", "mssql://u:secret@h/d", "postgresql://h/d", "postgresql://u:secret@h",
        "postgresql://u:secret@h/", "postgresql://u:secret@/d", "postgresql://u:secret@h:0/d",
        "postgresql://u:secret@h:x/d", "postgresql://u:secret%zz@h/d", "postgresql://:secret@h/d",
        "postgresql://u:secret@[::1/d", "mysql://u:secret@h/d?sslmode=disable",
        "mysql://u:secret@h/d?ssl_ca=", "sqlite://a.db", "sqlite:///",
        "sqlite:///:memory:", "sqlite:///folder/"}) {
    const auto url = ParseSourceUrl(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_TRUE(url.status().Is(Reason::kInvalidField));
    EXPECT_EQ(url.status().ToString().find("secret"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace satchel
