#include "app/config_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "app/config_loader.h"
#include "base/text.h"

namespace satchel {
namespace {

using ::testing::HasSubstr;

/// The keys of the contract, in the order of its table.
constexpr std::string_view kContractKeys[] = {"HOST",
                                              "PORT",
                                              "METRICS_PORT",
                                              "HTTP_PORT",
                                              "PUBLIC_URL",
                                              "TLS_CERT",
                                              "TLS_KEY",
                                              "TLS_CLIENT_CA",
                                              "STORAGE_BACKEND",
                                              "STORAGE_DIR",
                                              "MINIO_ENDPOINT",
                                              "MINIO_ACCESS_KEY",
                                              "MINIO_SECRET_KEY",
                                              "MINIO_SECURE",
                                              "MINIO_REGION",
                                              "MINIO_BUCKET",
                                              "MINIO_CA",
                                              "MINIO_PUBLIC_ENDPOINT",
                                              "MICROSERVICE_DATABASE",
                                              "MICROSERVICE_DATABASE_CA",
                                              "STORAGE_MAX_FILE_SIZE",
                                              "STORAGE_ALLOWED_MIME_TYPES",
                                              "STORAGE_ALLOWED_EXTENSIONS",
                                              "DEFAULT_USER_QUOTA",
                                              "PRESIGNED_URL_EXPIRY_MINUTES",
                                              "SOFT_DELETE",
                                              "SOFT_DELETE_RETENTION_DAYS",
                                              "MIGRATE_ON_START",
                                              "SHUTDOWN_GRACE_SECONDS",
                                              "STREAM_IDLE_TIMEOUT_SECONDS",
                                              "UPLOAD_LEASE_SECONDS",
                                              "WORKER_THREADS",
                                              "DATABASE_POOL_SIZE",
                                              "MAX_CONCURRENT_UPLOADS",
                                              "BREAKER_FAILURES",
                                              "BREAKER_OPEN_SECONDS",
                                              "LOG_LEVEL",
                                              "LOG_DIR",
                                              "LOG_RETENTION_DAYS",
                                              "UPSTREAM_GRPC",
                                              "UPSTREAM_MAX_MESSAGE_SIZE"};

struct KeyCase {
  std::string_view key;
  /// What is taken, and how it is shown afterwards.
  std::vector<std::pair<std::string, std::string>> good;
  std::vector<std::string> bad;
};

std::vector<std::pair<std::string, std::string>> Same(const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& text : texts) pairs.emplace_back(text, text);
  return pairs;
}

const std::vector<std::string> kNoNumbers = {"", "x", "1x", "0x10", "1e9", "1.5", " 1", "1 ", "+1"};

/// A key that takes the whole numbers from `min` to `max`.
KeyCase Numbers(std::string_view key, long long min, long long max) {
  KeyCase test{key, Same({std::to_string(min), std::to_string(max)}), kNoNumbers};
  for (const long long outside : {min - 1, max + 1}) test.bad.push_back(std::to_string(outside));
  test.bad.emplace_back("99999999999999999999");
  return test;
}

KeyCase Booleans(std::string_view key) {
  return {key,
          {{"true", "true"}, {"FALSE", "false"}, {"1", "true"}, {"off", "false"}, {"Yes", "true"}},
          {"", "2", "perhaps", "y"}};
}

KeyCase Pems(std::string_view key) {
  return {key,
          {{"/etc/tls.pem", "/etc/tls.pem"},
           {"-----BEGIN CERTIFICATE-----\nabc\n", "(PEM text)"},
           {"", ""}},
          {std::string("a\0b", 3)}};
}

KeyCase Secrets(std::string_view key) {
  return {key, {{"s3cr3t", "(set)"}, {"", "(not set)"}}, {std::string("a\0b", 3)}};
}

std::vector<KeyCase> Cases() {
  return {
      {"HOST", Same({"0.0.0.0", "::", "localhost"}), {"", "not an address", "h:1", "http://h"}},
      Numbers("PORT", 0, 65535),
      Numbers("METRICS_PORT", 0, 65535),
      Numbers("HTTP_PORT", 0, 65535),
      {"PUBLIC_URL",
       {{"https://h/base/", "https://h/base"}},
       {"", "h", "ftp://x", "http://h?x", "http://u:p@h", "/path"}},
      Pems("TLS_CERT"),
      Secrets("TLS_KEY"),
      Pems("TLS_CLIENT_CA"),
      {"STORAGE_BACKEND", {{"local", "local"}, {"MinIO", "minio"}}, {"", "s3", "floppy"}},
      {"STORAGE_DIR", Same({"/var/lib/satchel", "a b/ü"}), {"", std::string("a\0b", 3)}},
      {"MINIO_ENDPOINT",
       Same({"minio:9000", "minio", "[::1]:9000", ""}),
       {"http://minio:9000", "minio:0", "minio:x", "a/b"}},
      Secrets("MINIO_ACCESS_KEY"),
      Secrets("MINIO_SECRET_KEY"),
      Booleans("MINIO_SECURE"),
      {"MINIO_REGION", Same({"us-east-1", "garage"}), {"", "us east", "é", std::string(65, 'a')}},
      {"MINIO_BUCKET", Same({"documents", "my.bucket-1"}), {"", "ab", "Documents", "a_b"}},
      Pems("MINIO_CA"),
      {"MINIO_PUBLIC_ENDPOINT",
       Same({"files.example.com", "https://files.example.com:9000", "http://h", ""}),
       {"ftp://h", "https://h/path", "https://", "h:0"}},
      {"MICROSERVICE_DATABASE",
       {{"sqlite:///x.db", "sqlite:///x.db"}, {"mysql://u:pw@h/d", "mysql://u:***@h:3306/d"}},
       {"", "oracle://x", "mysql://u:pw@h"}},
      Pems("MICROSERVICE_DATABASE_CA"),
      {"STORAGE_MAX_FILE_SIZE",
       {{"1", "1"}, {"10MiB", "10485760"}, {"5TB", "5497558138880"}},
       {"", "0", "-5", "50 bananas", "5497558138881", "6TB"}},
      {"STORAGE_ALLOWED_MIME_TYPES",
       {{"Application/PDF, text/plain; charset=utf-8,text/plain", "application/pdf,text/plain"}},
       {"", "plain", "*/*", "text/plain,,a/b"}},
      {"STORAGE_ALLOWED_EXTENSIONS",
       {{" .PDF,docx,pdf", "pdf,docx"}},
       {"", ".", "a/b", "a b", ","}},
      {"DEFAULT_USER_QUOTA",
       {{"0", "0"}, {"1GB", "1073741824"}, {"1152921504606846976", "1152921504606846976"}},
       {"", "-1", "lots", "1152921504606846977"}},
      Numbers("PRESIGNED_URL_EXPIRY_MINUTES", 1, 10080),
      Booleans("SOFT_DELETE"),
      Numbers("SOFT_DELETE_RETENTION_DAYS", 0, 36500),
      Booleans("MIGRATE_ON_START"),
      Numbers("SHUTDOWN_GRACE_SECONDS", 0, 3600),
      Numbers("STREAM_IDLE_TIMEOUT_SECONDS", 1, 86400),
      Numbers("UPLOAD_LEASE_SECONDS", 1, 86400),
      Numbers("WORKER_THREADS", 1, 1024),
      Numbers("DATABASE_POOL_SIZE", 1, 1024),
      Numbers("MAX_CONCURRENT_UPLOADS", 1, 100000),
      Numbers("BREAKER_FAILURES", 1, 1000),
      Numbers("BREAKER_OPEN_SECONDS", 1, 3600),
      {"LOG_LEVEL",
       {{"debug", "debug"}, {"Warning", "warning"}, {"error", "error"}},
       {"", "shout"}},
      {"LOG_DIR", Same({"/var/log/satchel", ""}), {std::string("a\0b", 3)}},
      Numbers("LOG_RETENTION_DAYS", 1, 36500),
      {"UPSTREAM_GRPC", Same({"ai:50052", "[::1]:1", ""}), {"ai", "http://ai:1", "ai:0", "ai:x"}},
      {"UPSTREAM_MAX_MESSAGE_SIZE",
       {{"1", "1"}, {"4MB", "4194304"}, {"1GiB", "1073741824"}},
       {"", "0", "-1", "1073741825", "big"}},
  };
}

class ConfigKeyTest : public ::testing::TestWithParam<KeyCase> {};

TEST_P(ConfigKeyTest, TakesWhatIsGood) {
  const ConfigKey& key = FindConfigKey(GetParam().key);
  for (const auto& [text, shown] : GetParam().good) {
    Config config;
    EXPECT_TRUE(key.assign(config, text)) << text;
    EXPECT_EQ(key.show(config), shown);
  }
}

TEST_P(ConfigKeyTest, RefusesWhatIsBad) {
  const ConfigKey& key = FindConfigKey(GetParam().key);
  for (const std::string& text : GetParam().bad) {
    Config config;
    EXPECT_FALSE(key.assign(config, text)) << text;
  }
}

TEST_P(ConfigKeyTest, MessageNamesKeyValueAndWhatItTakes) {
  const ConfigKey& key = FindConfigKey(GetParam().key);
  for (const std::string& text : GetParam().bad) {
    // An empty variable is not set, one with NUL cannot exist.
    if (text.empty() || text.find('\0') != std::string::npos) continue;
    const Status status = LoadConfig({}, {{key.name, text}}).status();
    ASSERT_TRUE(status.Is(Reason::kConfigurationInvalid)) << text;
    EXPECT_THAT(status.message(), HasSubstr("  " + key.name + " (environment): got "));
    EXPECT_THAT(status.message(), HasSubstr(", takes " + key.takes));
    if (key.secrecy == Secrecy::kPublic) {
      EXPECT_THAT(status.message(), HasSubstr("\"" + TruncateUtf8(text, kEchoedBytesMax) + "\""));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ConfigKeyTest, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return std::string(test.param.key); });

TEST(ConfigKeys, AreThoseOfTheContract) {
  std::vector<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) names.push_back(key.name);
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(kContractKeys));
  std::set<std::string_view> tested;
  for (const KeyCase& test : Cases()) tested.insert(test.key);
  EXPECT_EQ(tested.size(), names.size()) << "a key without a test";
}

TEST(ConfigKeys, DefaultsAreGood) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.default_is_derived) continue;
    Config config;
    EXPECT_TRUE(key.assign(config, key.default_text)) << key.name;
  }
}

TEST(ConfigKeys, HaveWhatHelpNeeds) {
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_FALSE(key.help.empty()) << key.name;
    EXPECT_FALSE(key.takes.empty()) << key.name;
    EXPECT_FALSE(key.placeholder.empty()) << key.name;
    EXPECT_EQ(key.help.find('\n'), std::string::npos) << key.name;
  }
  EXPECT_EQ(FindConfigKey("STREAM_IDLE_TIMEOUT_SECONDS").Flag(), "--stream-idle-timeout-seconds");
}

}  // namespace
}  // namespace satchel
