#include "app/config_print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "app/env_file.h"

namespace satchel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Printed(const std::string& arguments, const Environment& environment) {
  CLI::App app;
  ConfigLoader loader(environment);
  loader.RegisterOptions(app);
  app.parse(arguments);
  const Result<LoadedConfig> loaded = loader.Load();
  EXPECT_TRUE(loaded.ok()) << loaded.status().ToString();
  return loaded.ok() ? PrintConfig(*loaded) : std::string();
}

TEST(PrintConfig, ShowsEveryKeyOnceBelowItsOrigin) {
  const std::string text = Printed("--port 1", {{"METRICS_PORT", "2"}});
  EXPECT_THAT(text, StartsWith("# flag\nPORT=1\n# environment\nMETRICS_PORT=2\n# default\nHOST="));
  const EnvFileContent content = ParseEnvFile(text);
  EXPECT_TRUE(content.problems.empty());
  EXPECT_EQ(content.entries.size(), ConfigKeys().size());
}

TEST(PrintConfig, ShowsNormalisedValues) {
  const std::string text = Printed("--storage-max-file-size 10MB --log-level DEBUG", {});
  EXPECT_THAT(text, HasSubstr("STORAGE_MAX_FILE_SIZE=10485760\n"));
  EXPECT_THAT(text, HasSubstr("LOG_LEVEL=debug\n"));
  EXPECT_THAT(text, HasSubstr("MICROSERVICE_DATABASE=sqlite:///./satchel-data/satchel.db\n"));
}

TEST(PrintConfig, ShowsNoSecret) {
  const std::string text = Printed("", {{"MINIO_ACCESS_KEY", "s3cr3t-1"},
                                        {"MINIO_ROOT_PASSWORD", "s3cr3t-2"},
                                        {"TLS_KEY", "s3cr3t-3"},
                                        {"TLS_CERT", "-----BEGIN CERTIFICATE-----\ns3cr3t-4"},
                                        {"MICROSERVICE_DATABASE", "mysql://me:s3cr3t@db/d"}});
  EXPECT_THAT(text, Not(HasSubstr("s3cr3t")));
  EXPECT_THAT(text, HasSubstr("MINIO_ACCESS_KEY=(set)\n"));
  EXPECT_THAT(text, HasSubstr("# environment MINIO_ROOT_PASSWORD\nMINIO_SECRET_KEY=(set)\n"));
  EXPECT_THAT(text, HasSubstr("TLS_KEY=(set)\n"));
  EXPECT_THAT(text, HasSubstr("MICROSERVICE_DATABASE=mysql://me:***@db:3306/d\n"));
  EXPECT_THAT(Printed("", {}), HasSubstr("MINIO_SECRET_KEY=(not set)\n"));
}

TEST(PrintConfig, ShowsNoPemTextBehindAPreamble) {
  const std::string text =
      Printed("", {{"TLS_CERT", "Bag Attributes\n-----BEGIN PRIVATE KEY-----\ns3cr3t\n"},
                   {"TLS_CLIENT_CA", "MIIEs3cr3t\n=="},
                   {"TLS_KEY", "s3cr3t"}});
  EXPECT_THAT(text, Not(HasSubstr("s3cr3t")));
  EXPECT_THAT(text, HasSubstr("TLS_CERT=(PEM text)\n"));
}

TEST(PrintConfig, OneLineEachWhateverIsInThem) {
  const std::string text = Printed("", {{"STORAGE_DIR", "a\nPORT=1\x1b[2J"}});
  EXPECT_EQ(ParseEnvFile(text).entries.size(), ConfigKeys().size());
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ConfigReference, IsATableOfAllKeys) {
  const std::string table = ConfigReference();
  for (const ConfigKey& key : ConfigKeys()) EXPECT_THAT(table, HasSubstr("| `" + key.name + "` |"));
  EXPECT_THAT(table, HasSubstr("| `PORT` | `50051` | a port, 0 to 65535 (0: any free one) |"));
  EXPECT_THAT(table, HasSubstr("Or `MINIO_SECRET_KEY_FILE`"));
}

}  // namespace
}  // namespace satchel
