#include "app/config_suspects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "app/config_loader.h"
#include "support/temporary_folder.h"

namespace satchel {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

bool NothingGiven(const std::string&) { return false; }

/// The key that is suggested, or "".
std::string Meant(std::string_view name, std::string_view value = "x") {
  const auto text = DescribeSuspect({name, value}, NothingGiven);
  if (!text) return "";
  EXPECT_THAT(*text, HasSubstr(std::string(name) + " is not a key"));
  const std::size_t begin = text->rfind(' ') + 1;
  return text->substr(begin, text->size() - begin - 1);
}

TEST(DescribeSuspect, FindsMisspeltKeys) {
  EXPECT_EQ(Meant("MINIO_ENDPIONT"), "MINIO_ENDPOINT");
  EXPECT_EQ(Meant("MINO_ENDPOINT"), "MINIO_ENDPOINT");
  EXPECT_EQ(Meant("MINIO_ENDPOINTS"), "MINIO_ENDPOINT");
  EXPECT_EQ(Meant("MINIOENDPOINT"), "MINIO_ENDPOINT");
  EXPECT_EQ(Meant("MICROSERVICE_DATABSE"), "MICROSERVICE_DATABASE");
  EXPECT_EQ(Meant("UPSTREAM_GPRC"), "UPSTREAM_GRPC");
  EXPECT_EQ(Meant("STORAGE_MAX_FILESIZE"), "STORAGE_MAX_FILE_SIZE");
  EXPECT_EQ(Meant("MINIO_SECRET_KEY_FIEL"), "MINIO_SECRET_KEY_FILE");
  EXPECT_EQ(Meant("MINIO_ROOT_PASSWROD"), "MINIO_ROOT_PASSWORD");
  EXPECT_EQ(Meant("storage_dir"), "STORAGE_DIR");
  EXPECT_EQ(Meant("SATCHEL_STORAGE_DIR"), "STORAGE_DIR");
}

TEST(DescribeSuspect, LeavesTheNamesOfOthersAlone) {
  for (const char* name : {"HOME",
                           "POST",
                           "PORTS",
                           "HOSTNAME",
                           "PATH",
                           "DB_HOST",
                           "HTTP_HOST",
                           "HTTP_PROXY",
                           "SSL_CERT",
                           "GRPC_PORT",
                           "METRICS_HOST",
                           "DATABASE_URL",
                           "MINIO_PORT",
                           "MINIO_IMAGE",
                           "MINIO_BROWSER",
                           "MINIO_SITE_REGION",
                           "MINIO_SERVER_URL",
                           "MINIO_CONSOLE_PORT",
                           "SATCHEL_SERVER",
                           "SATCHEL_HOST",
                           "SATCHEL_PORT",
                           "SATCHEL_USER",
                           "SATCHEL_IMAGE",
                           "SATCHEL_IMPORT_PASSWORD",
                           "DATABASE_PASSWORD",
                           "TIDB_PORT",
                           "GRPC_VERBOSITY",
                           ""}) {
    EXPECT_EQ(Meant(name), "") << name;
  }
}

TEST(DescribeSuspect, KnowsItsOwnKeys) {
  for (const char* name : {"PORT", "MINIO_ENDPOINT", "MINIO_ROOT_USER", "MINIO_SECRET_KEY_FILE",
                           "MICROSERVICE_DATABASE_FILE", "MICROSERVICE_DATABASE_CA"}) {
    EXPECT_EQ(Meant(name), "") << name;
  }
}

TEST(DescribeSuspect, AKeyThatIsGivenWasNotMisspelt) {
  const auto given = [](const std::string& key) { return key == "HTTP_PORT"; };
  EXPECT_EQ(DescribeSuspect({"HTTPS_PORT", "443"}, given), std::nullopt);
  EXPECT_EQ(Meant("HTTPS_PORT"), "HTTP_PORT");
}

TEST(DescribeSuspect, AServiceLinkIsNoKey) {
  EXPECT_EQ(Meant("SATCHEL_METRICS_PORT", "tcp://10.0.0.1:9100"), "");
}

Result<LoadedConfig> Load(const Environment& environment, const std::string& arguments) {
  CLI::App app;
  ConfigLoader loader(environment);
  loader.RegisterOptions(app);
  app.parse(arguments);
  return loader.Load();
}

TEST(ConfigLoader, WarnsOfMisspeltKeys) {
  const TemporaryFolder folder;
  const std::string file =
      folder.Write(".env", "SHARED=1\n\nLOG_LEVLE=s3cr3t\nHTTP_PORTS=1\nMETRICS_PORTS=1\n");
  const auto loaded = Load({{"SOFT_DELET", "true"}, {"METRICS_PORT", "9101"}},
                           "--http-port 8081 --env-file " + file);
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  EXPECT_THAT(loaded->warnings,
              AllOf(Contains("--env-file: " + file +
                             ", line 3: LOG_LEVLE is not a key and has no effect; "
                             "did you mean LOG_LEVEL?"),
                    Contains("environment: SOFT_DELET is not a key and has no effect; "
                             "did you mean SOFT_DELETE?"),
                    Not(Contains(HasSubstr("SHARED"))), Not(Contains(HasSubstr("HTTP_PORTS"))),
                    Not(Contains(HasSubstr("METRICS_PORTS"))), Not(Contains(HasSubstr("s3cr3t")))));
}

TEST(ConfigLoader, NamesMisspeltKeysBesideWhatIsMissing) {
  const TemporaryFolder folder;
  const std::string file = folder.Write(".env", "MINIO_ENDPIONT=minio:9000\n");
  const auto loaded = Load({}, "--storage-backend minio --env-file " + file);
  ASSERT_TRUE(loaded.status().Is(Reason::kConfigurationInvalid));
  EXPECT_THAT(loaded.status().message(), HasSubstr("MINIO_ENDPOINT"));
  EXPECT_THAT(loaded.status().message(), EndsWith("did you mean MINIO_ENDPOINT?"));
}

}  // namespace
}  // namespace satchel
