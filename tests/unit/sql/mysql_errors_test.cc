// What the numbers of the protocol mean.

#include "adapters/sql/mysql_errors.h"

#include <gtest/gtest.h>

#include "adapters/sql/mysql_connection.h"

namespace satchel {
namespace {

TEST(MysqlErrors, AreToldByTheirNumbers) {
  for (const unsigned int code :
       {1213U, 1205U, 1020U, 3572U, 8002U, 8022U, 8027U, 8028U, 8133U, 9007U, 1105U}) {
    EXPECT_EQ(MysqlFailureOf(code), SqlFailure::kRetryable) << code;
  }
  for (const unsigned int code : {1062U, 1586U}) {
    EXPECT_EQ(MysqlFailureOf(code), SqlFailure::kUniqueViolation) << code;
  }
  for (const unsigned int code : {20U, 1021U, 1114U}) {
    EXPECT_EQ(MysqlFailureOf(code), SqlFailure::kFull) << code;
  }
  for (const unsigned int code : {1290U, 1836U, 1792U}) {
    EXPECT_EQ(MysqlFailureOf(code), SqlFailure::kReadOnly) << code;
  }
  for (const unsigned int code : {1044U, 1142U, 1143U, 1227U, 1370U, 8121U}) {
    EXPECT_EQ(MysqlFailureOf(code), SqlFailure::kDenied) << code;
  }
  for (const unsigned int code : {2002U, 2006U, 2013U, 2026U, 1040U, 1053U, 1045U, 1049U, 1317U,
                                  1927U, 9001U, 9002U, 9005U, 3U}) {
    EXPECT_EQ(MysqlFailureOf(code), SqlFailure::kUnavailable) << code;
  }
  EXPECT_EQ(MysqlFailureOf(1712), SqlFailure::kCorrupt);
  for (const unsigned int code : {1046U, 1146U, 8113U}) {
    EXPECT_TRUE(IsMysqlTableGone(code)) << code;
  }
  for (const unsigned int code : {0U, 1054U, 2013U}) EXPECT_FALSE(IsMysqlTableGone(code)) << code;
  for (const unsigned int code : {1064U, 1146U, 1054U, 1366U, 1406U, 8001U}) {
    EXPECT_EQ(MysqlFailureOf(code), SqlFailure::kOther) << code;
  }
}

TEST(MysqlErrors, ALockThatOthersTookEachTimeHasAName) {
  EXPECT_FALSE(IsMysqlUnnamed(1105, "pessimistic lock retry limit reached"));
  EXPECT_TRUE(IsMysqlUnnamed(1105, "unknown error"));
  EXPECT_FALSE(IsMysqlUnnamed(1213, "Deadlock found"));
}

TEST(MysqlErrors, ACommitIsUnknownUnlessItsErrorSaysItDidNotHappen) {
  for (const unsigned int code : {1213U, 1205U, 8022U, 8028U, 9007U}) {
    EXPECT_EQ(MysqlCommitFailureOf(code), SqlFailure::kRetryable) << code;
  }
  EXPECT_EQ(MysqlCommitFailureOf(1290), SqlFailure::kReadOnly);
  for (const unsigned int code :
       {2006U, 2013U, 1053U, 1180U, 1317U, 1927U, 8501U, 9002U, 1105U, 1114U, 3U}) {
    EXPECT_EQ(MysqlCommitFailureOf(code), SqlFailure::kOutcomeUnknown) << code;
  }
}

TEST(MysqlErrors, WhoRefusesIsThere) {
  for (const unsigned int code : {1045U, 1049U, 1040U, 1290U}) {
    EXPECT_TRUE(IsMysqlAnswer(code)) << code;
    EXPECT_FALSE(IsMysqlConnectionLost(code)) << code;
  }
  for (const unsigned int code : {0U, 2002U, 2003U, 2013U, 2026U, 1053U}) {
    EXPECT_FALSE(IsMysqlAnswer(code)) << code;
  }
  for (const unsigned int code : {1045U, 1698U, 1130U, 2059U}) {
    EXPECT_EQ(MysqlRefusalOf(code, ""), MysqlRefusal::kLogin) << code;
  }
  for (const unsigned int code : {1044U, 1142U, 1143U}) {
    EXPECT_EQ(MysqlRefusalOf(code, ""), MysqlRefusal::kRights) << code;
  }
  EXPECT_EQ(MysqlRefusalOf(1049, ""), MysqlRefusal::kDatabase);
  EXPECT_EQ(MysqlRefusalOf(1040, ""), MysqlRefusal::kNone);
  EXPECT_EQ(MysqlRefusalOf(2002, ""), MysqlRefusal::kNone);
}

TEST(MysqlErrors, AHandshakeThatIsCutIsNoRefusal) {
  for (const char* text : {"TLS/SSL error: certificate verify failed",
                           "TLS/SSL error: Validation of SSL server certificate failed",
                           "SSL is required, but the server does not support it"}) {
    EXPECT_EQ(MysqlRefusalOf(2026, text), MysqlRefusal::kTls) << text;
  }
  for (const char* text : {"TLS/SSL error: Connection reset by peer (104)",
                           "TLS/SSL error: unexpected eof while reading", "TLS/SSL error: ", ""}) {
    EXPECT_EQ(MysqlRefusalOf(2026, text), MysqlRefusal::kNone) << text;
  }
}

TEST(MysqlServer, IsToldByItsVersion) {
  EXPECT_EQ(MysqlServerOf("10.11.6-MariaDB-0+deb12u1"), MysqlServer::kMariadb);
  EXPECT_EQ(MysqlServerOf("5.5.5-10.11.6-MariaDB"), MysqlServer::kMariadb);
  EXPECT_EQ(MysqlServerOf("8.0.11-TiDB-v8.5.0"), MysqlServer::kTidb);
  EXPECT_EQ(MysqlServerOf("8.0.36"), MysqlServer::kMysql);
}

TEST(MysqlTimes, KeepMillisecondsAndStayInRange) {
  using namespace std::chrono_literals;
  const Timestamp some(1795474620123ms);
  EXPECT_EQ(TimestampOf(MysqlTimeOf(some)), some);
  EXPECT_EQ(TimestampOf(MysqlTimeOf(Timestamp())), Timestamp());
  EXPECT_EQ(MysqlTimeOf(Timestamp::min()).year, 1000U);
  EXPECT_EQ(MysqlTimeOf(Timestamp::max()).year, 9999U);
  EXPECT_EQ(TimestampOf(MYSQL_TIME{}), Timestamp()) << "a zero date";
}

TEST(MysqlDecimals, AreReadAsIntegersThatFit) {
  EXPECT_EQ(IntegerOfDecimal("12345678901234.0000"), 12345678901234);
  EXPECT_EQ(IntegerOfDecimal("-5"), -5);
  EXPECT_EQ(IntegerOfDecimal(""), 0);
  EXPECT_EQ(IntegerOfDecimal("92233720368547758080"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(IntegerOfDecimal("-92233720368547758080"), std::numeric_limits<std::int64_t>::min());
}

}  // namespace
}  // namespace satchel
