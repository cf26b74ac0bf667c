#include "app/config_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_loader.h"

namespace satchel {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const Environment kMinio = {{"MINIO_ENDPOINT", "minio:9000"},
                            {"MINIO_ACCESS_KEY", "access"},
                            {"MINIO_SECRET_KEY", "s3cr3t"},
                            {"MICROSERVICE_DATABASE", "mysql://u:s3cr3t@db/d"}};

Environment With(Environment environment, const Environment& more) {
  for (const auto& [key, value] : more) environment[key] = value;
  return environment;
}

Environment Without(Environment environment, const std::string& key) {
  environment.erase(key);
  return environment;
}

Config Loaded(const Environment& environment) {
  Result<Config> config = LoadConfig({}, environment);
  EXPECT_TRUE(config.ok()) << config.status().ToString();
  return config.ok() ? *std::move(config) : Config{};
}

std::string Refused(const Environment& environment) {
  const Status status = LoadConfig({}, environment).status();
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid));
  return status.message();
}

TEST(DeriveDefaults, BackendFollowsTheEndpoint) {
  const Config config = Loaded(kMinio);
  EXPECT_EQ(config.storage_backend, StorageBackend::kMinio);
  EXPECT_EQ(config.minio_public_endpoint, "minio:9000");
  EXPECT_FALSE(config.migrate_on_start);
  EXPECT_EQ(Loaded(With(kMinio, {{"STORAGE_BACKEND", "local"}})).storage_backend,
            StorageBackend::kLocal);
  EXPECT_TRUE(Loaded(With(kMinio, {{"MIGRATE_ON_START", "yes"}})).migrate_on_start);
  EXPECT_EQ(Loaded(With(kMinio, {{"MINIO_PUBLIC_ENDPOINT", "https://h"}})).minio_public_endpoint,
            "https://h");
}

TEST(DeriveDefaults, DatabaseLiesInTheStorageFolder) {
  EXPECT_EQ(Loaded({{"STORAGE_DIR", "/data"}}).database.path, "/data/satchel.db");
  EXPECT_EQ(Loaded({{"STORAGE_DIR", "/data/"}}).database.path, "/data/satchel.db");
  EXPECT_EQ(Loaded({{"MICROSERVICE_DATABASE", "sqlite:////x.db"}}).database.path, "/x.db");
}

TEST(DeriveDefaults, PublicUrlFollowsPortAndTls) {
  EXPECT_EQ(Loaded({{"HTTP_PORT", "81"}}).public_url, "http://localhost:81");
  EXPECT_EQ(Loaded({{"TLS_CERT", "c"}, {"TLS_KEY", "k"}}).public_url, "https://localhost:8080");
  EXPECT_EQ(Loaded({{"HTTP_PORT", "0"}}).public_url, "") << "known when the port is bound";
  EXPECT_EQ(Loaded({{"HTTP_PORT", "0"}, {"PUBLIC_URL", "http://h"}}).public_url, "http://h");
}

TEST(FindConflicts, TlsKeysBelongTogether) {
  EXPECT_THAT(Refused({{"TLS_CERT", "c"}}),
              HasSubstr("TLS_KEY must be set together with TLS_CERT"));
  EXPECT_THAT(
      Refused({{"TLS_KEY", "s3cr3t"}}),
      AllOf(HasSubstr("TLS_CERT must be set together with TLS_KEY"), Not(HasSubstr("s3cr3t"))));
  EXPECT_THAT(Refused({{"TLS_CLIENT_CA", "a"}}), HasSubstr("TLS_CERT must be set together with"));
}

TEST(FindConflicts, MinioNeedsWhatItNeeds) {
  for (const std::string key : {"MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "MICROSERVICE_DATABASE"}) {
    EXPECT_THAT(Refused(Without(kMinio, key)), HasSubstr(key + " must be set"));
  }
  EXPECT_THAT(Refused(With(Without(kMinio, "MINIO_ENDPOINT"), {{"STORAGE_BACKEND", "minio"}})),
              HasSubstr("MINIO_ENDPOINT must be set"));
}

TEST(FindConflicts, PortsDiffer) {
  EXPECT_THAT(Refused({{"PORT", "9100"}}), HasSubstr("PORT and METRICS_PORT are both 9100"));
  EXPECT_THAT(Refused({{"PORT", "8080"}}), HasSubstr("PORT and HTTP_PORT are both 8080"));
  EXPECT_THAT(Refused({{"HTTP_PORT", "9100"}}), HasSubstr("METRICS_PORT and HTTP_PORT"));
  EXPECT_EQ(Loaded({{"PORT", "0"}, {"METRICS_PORT", "0"}, {"HTTP_PORT", "0"}}).port, 0);
  EXPECT_EQ(Loaded(With(kMinio, {{"PORT", "8080"}})).port, 8080) << "HTTP_PORT is not used";
}

TEST(FindConflicts, ABadValueIsNoMissingOne) {
  const std::string message = Refused({{"TLS_CERT", "c"}, {"TLS_KEY_FILE", "/no/such"}});
  EXPECT_THAT(message, AllOf(HasSubstr("/no/such"), Not(HasSubstr("TLS_KEY must be set"))));
  EXPECT_THAT(Refused(With(kMinio, {{"MICROSERVICE_DATABASE", "x"}})),
              Not(HasSubstr("MICROSERVICE_DATABASE must be set")));
}

TEST(FindConcerns, AnOpenAddressWithoutTls) {
  EXPECT_THAT(FindConcerns(Loaded({})), SizeIs(1));
  for (const std::string host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
    EXPECT_THAT(FindConcerns(Loaded({{"HOST", host}})), IsEmpty()) << host;
  }
  EXPECT_THAT(FindConcerns(Loaded({{"TLS_CERT", "c"}, {"TLS_KEY", "k"}})), IsEmpty());
}

}  // namespace
}  // namespace satchel
