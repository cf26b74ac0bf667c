#include "app/config_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>

#include "support/temporary_folder.h"

namespace satchel {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Config Loaded(const std::vector<std::string>& arguments, const Environment& environment = {}) {
  Result<Config> config = LoadConfig(arguments, environment);
  EXPECT_TRUE(config.ok()) << config.status().ToString();
  return config.ok() ? *std::move(config) : Config{};
}

std::string Refused(const std::vector<std::string>& arguments, const Environment& environment = {},
                    Reason reason = Reason::kConfigurationInvalid) {
  const Status status = LoadConfig(arguments, environment).status();
  EXPECT_EQ(NameOf(status.reason()), NameOf(reason)) << status.message();
  return status.message();
}

TEST(LoadConfig, DefaultsAreThoseOfTheContract) {
  const Config config = Loaded({});
  EXPECT_EQ(config.host, "0.0.0.0");
  EXPECT_EQ(config.port, 50051);
  EXPECT_EQ(config.metrics_port, 9100);
  EXPECT_EQ(config.http_port, 8080);
  EXPECT_EQ(config.public_url, "http://localhost:8080");
  EXPECT_EQ(config.storage_backend, StorageBackend::kLocal);
  EXPECT_EQ(config.storage_dir, "./satchel-data");
  EXPECT_EQ(config.minio_region, "us-east-1");
  EXPECT_EQ(config.minio_bucket, "documents");
  EXPECT_FALSE(config.minio_secure);
  EXPECT_EQ(config.database.kind, DatabaseKind::kSqlite);
  EXPECT_EQ(config.database.path, "./satchel-data/satchel.db");
  EXPECT_EQ(config.max_file_size, 52428800);
  EXPECT_THAT(config.allowed_extensions, ElementsAre("pdf", "doc", "docx", "txt", "xlsx"));
  EXPECT_EQ(config.allowed_mime_types.size(), 5U);
  EXPECT_EQ(config.default_user_quota, 1073741824);
  EXPECT_EQ(config.presigned_url_expiry, std::chrono::minutes(30));
  EXPECT_FALSE(config.soft_delete);
  EXPECT_EQ(config.soft_delete_retention, std::chrono::days(30));
  EXPECT_TRUE(config.migrate_on_start);
  EXPECT_EQ(config.shutdown_grace, std::chrono::seconds(8));
  EXPECT_EQ(config.stream_idle_timeout, std::chrono::seconds(60));
  EXPECT_EQ(config.upload_lease, std::chrono::seconds(900));
  EXPECT_EQ(config.database_pool_size, 16);
  EXPECT_EQ(config.max_concurrent_uploads, 1024);
  EXPECT_EQ(config.breaker_failures, 5);
  EXPECT_EQ(config.breaker_open, std::chrono::seconds(2));
  EXPECT_EQ(config.log_level, LogLevel::kInfo);
  EXPECT_EQ(config.log_dir, "");
  EXPECT_EQ(config.log_retention, std::chrono::days(30));
  EXPECT_GE(config.worker_threads, 16);
  EXPECT_LE(config.worker_threads, 32);
}

TEST(LoadConfig, FlagOverEnvironmentOverFileOverDefault) {
  const TemporaryFolder folder;
  const std::string file =
      folder.Write(".env", "PORT=1\nMETRICS_PORT=2\nHTTP_PORT=3\nLOG_LEVEL=debug\n");
  const Environment environment = {{"PORT", "11"}, {"METRICS_PORT", "12"}};
  const Config config = Loaded({"--env-file", file, "--port", "21"}, environment);
  EXPECT_EQ(config.port, 21);
  EXPECT_EQ(config.metrics_port, 12);
  EXPECT_EQ(config.http_port, 3);
  EXPECT_EQ(config.log_level, LogLevel::kDebug);
  EXPECT_EQ(config.shutdown_grace, std::chrono::seconds(8));
}

TEST(LoadConfig, FormsOfFlags) {
  EXPECT_EQ(Loaded({"--port", "7"}).port, 7);
  EXPECT_EQ(Loaded({"--port=7"}).port, 7);
  EXPECT_EQ(Loaded({"--port=7", "--port", "8"}).port, 8) << "the last one counts";
  EXPECT_TRUE(Loaded({"--soft-delete"}).soft_delete);
  EXPECT_TRUE(Loaded({"--soft-delete", "--port", "7"}).soft_delete);
  EXPECT_FALSE(Loaded({"--soft-delete=off"}).soft_delete);
  EXPECT_FALSE(Loaded({"--migrate-on-start", "no"}).migrate_on_start);
  EXPECT_EQ(Loaded({"--public-url=http://h/a=b"}).public_url, "http://h/a=b");
}

TEST(LoadConfig, EveryKeyIsAFlag) {
  CLI::App app;
  ConfigLoader loader(Environment{});
  loader.RegisterOptions(app);
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_NE(app.get_option_no_throw(key.Flag()), nullptr) << key.name;
    const bool file_form = app.get_option_no_throw(key.Flag() + "-file") != nullptr;
    EXPECT_EQ(file_form, key.HasFileForm()) << key.name;
  }
}

TEST(LoadConfig, AnEmptyVariableIsNotSet) {
  const TemporaryFolder folder;
  const std::string file = folder.Write(".env", "PORT=1\nHTTP_PORT=\n");
  const Config config = Loaded({"--env-file", file}, {{"PORT", ""}, {"LOG_LEVEL", ""}});
  EXPECT_EQ(config.port, 1);
  EXPECT_EQ(config.http_port, 8080);
  EXPECT_EQ(config.log_level, LogLevel::kInfo);
}

TEST(LoadConfig, AnEmptyFlagTakesTheVariableBack) {
  const Environment environment = {{"LOG_DIR", "/logs"}, {"TLS_CERT", "c"}, {"TLS_KEY", "k"}};
  const Config config = Loaded({"--log-dir=", "--tls-cert=", "--tls-key="}, environment);
  EXPECT_EQ(config.log_dir, "");
  EXPECT_EQ(config.public_url, "http://localhost:8080");
  EXPECT_EQ(Loaded({"--log-dir=", "--port", "7"}, environment).port, 7);
  EXPECT_THAT(Refused({"--port="}), HasSubstr("PORT (flag): got \"\""));
  EXPECT_THAT(Refused({"--port"}), HasSubstr("PORT (flag): got \"\""));
  EXPECT_THAT(Refused({"--port", "-1"}), HasSubstr("PORT (flag): got \"-1\""));
}

TEST(LoadConfig, UnknownVariablesAreIgnored) {
  const TemporaryFolder folder;
  const std::string file = folder.Write(".env", "GOOGLE_API_KEY=x\nNO_SUCH_KEY=1\nport=1\n");
  EXPECT_EQ(Loaded({"--env-file", file}, {{"PORTS", "1"}, {"PATH", "/bin"}}).port, 50051);
}

TEST(LoadConfig, UnknownFlagsAreUsageErrorsWithASuggestion) {
  const auto refused = [](const std::vector<std::string>& arguments) {
    return Refused(arguments, {}, Reason::kInvalidField);
  };
  EXPECT_THAT(refused({"--prot", "1"}), HasSubstr("unknown flag --prot; did you mean --port?"));
  EXPECT_THAT(refused({"--storage_dir=x"}), HasSubstr("did you mean --storage-dir?"));
  EXPECT_THAT(refused({"--envfile", "x"}), HasSubstr("did you mean --env-file?"));
  EXPECT_THAT(refused({"--no-such-flag"}),
              AllOf(HasSubstr("unknown flag --no-such-flag"), Not(HasSubstr("mean"))));
  EXPECT_THAT(refused({"-p", "1"}), HasSubstr("unknown flag -p"));
  EXPECT_THAT(refused({"stray"}), HasSubstr("unexpected argument stray"));
  EXPECT_THAT(refused({"--a=1", "--b", "2", "stray"}),
              AllOf(HasSubstr("--a"), HasSubstr("--b"), HasSubstr("argument stray")));
  EXPECT_THAT(refused({"--\x1b[2J"}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(refused({"--minio-secret-kee=s3cr3t"}), Not(HasSubstr("s3cr3t")));
}

TEST(LoadConfig, AllProblemsAtOnce) {
  const TemporaryFolder folder;
  const std::string file = folder.Write(".env", "broken line\nHTTP_PORT=x\n");
  const std::string message =
      Refused({"--env-file", file, "--port", "99999"},
              {{"LOG_LEVEL", "shout"}, {"TLS_CERT", "c"}, {"MINIO_SECRET_KEY_FILE", "/no/such"}});
  for (const std::string_view part :
       {"line 1: is not KEY=VALUE", "HTTP_PORT (file ", "PORT (flag): got \"99999\", takes a port",
        "LOG_LEVEL (environment): got \"shout\", takes debug, info, warning or error",
        "TLS_KEY must be set together with TLS_CERT", "MINIO_SECRET_KEY_FILE", "/no/such"}) {
    EXPECT_THAT(message, HasSubstr(std::string(part)));
  }
}

TEST(LoadConfig, HostileValuesAreEchoedSafely) {
  const std::string message = Refused({}, {{"PORT", "\x1b[2J\n\xFF" + std::string(100000, 'x')}});
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_LT(message.size(), 1000U);
}

TEST(LoadConfig, TheEnvFileMustBeThere) {
  EXPECT_THAT(Refused({"--env-file", "/no/such/.env"}), HasSubstr("cannot read /no/such/.env"));
  EXPECT_THAT(Refused({"--env-file", "/tmp"}), HasSubstr("it is a folder"));
}

TEST(LoadConfig, SecretsFromFiles) {
  const TemporaryFolder folder;
  const std::string file = folder.Write("secret", "s3cr3t\n");
  EXPECT_EQ(Loaded({}, {{"MINIO_SECRET_KEY_FILE", file}}).minio_secret_key.Reveal(), "s3cr3t");
  EXPECT_EQ(Loaded({"--minio-secret-key-file", file}).minio_secret_key.Reveal(), "s3cr3t");
  EXPECT_EQ(Loaded({}, {{"MINIO_ROOT_PASSWORD_FILE", file}}).minio_secret_key.Reveal(), "s3cr3t");
  const std::string env = folder.Write(".env", "MINIO_ACCESS_KEY_FILE=" + file);
  EXPECT_EQ(Loaded({"--env-file", env}).minio_access_key.Reveal(), "s3cr3t");
  const std::string url = folder.Write("url", "mysql://u:p@h/d\r\n");
  EXPECT_EQ(Loaded({}, {{"MICROSERVICE_DATABASE_FILE", url}}).database.password.Reveal(), "p");
  const std::string key = folder.Write("key", "-----BEGIN PRIVATE KEY-----\n");
  EXPECT_EQ(Loaded({}, {{"TLS_KEY_FILE", key}, {"TLS_CERT", "c"}}).tls_key.Reveal(),
            "-----BEGIN PRIVATE KEY-----");
}

TEST(LoadConfig, OnlyOneTrailingNewlineIsDropped) {
  const TemporaryFolder folder;
  const std::string file = folder.Write("secret", " s3cr3t \n\n");
  EXPECT_EQ(Loaded({}, {{"MINIO_SECRET_KEY_FILE", file}}).minio_secret_key.Reveal(), " s3cr3t \n");
}

TEST(LoadConfig, SecretFilesThatCannotBeUsed) {
  const TemporaryFolder folder;
  EXPECT_THAT(Refused({}, {{"MINIO_SECRET_KEY_FILE", "/no/such"}}),
              AllOf(HasSubstr("MINIO_SECRET_KEY_FILE (environment)"), HasSubstr("/no/such")));
  EXPECT_THAT(Refused({}, {{"MINIO_SECRET_KEY_FILE", folder.path().string()}}),
              HasSubstr("it is a folder"));
  EXPECT_THAT(Refused({}, {{"MINIO_SECRET_KEY_FILE", folder.Write("empty", "\n")}}),
              HasSubstr("is empty"));
  const std::string nul = folder.Write("nul", std::string_view("s3cr3t\0x", 8));
  EXPECT_THAT(Refused({}, {{"MINIO_SECRET_KEY_FILE", nul}}),
              AllOf(HasSubstr("MINIO_SECRET_KEY"), Not(HasSubstr("s3cr3t"))));
}

TEST(LoadConfig, ASecretAndItsFileAreOneTooMany) {
  const TemporaryFolder folder;
  const std::string file = folder.Write("secret", "from-file");
  const Environment both = {{"MINIO_SECRET_KEY", "s3cr3t"}, {"MINIO_SECRET_KEY_FILE", file}};
  EXPECT_THAT(Refused({}, both),
              AllOf(HasSubstr("MINIO_SECRET_KEY and MINIO_SECRET_KEY_FILE are both set"),
                    Not(HasSubstr("s3cr3t"))));
  EXPECT_EQ(Loaded({"--minio-secret-key-file", file}, {{"MINIO_SECRET_KEY", "env"}})
                .minio_secret_key.Reveal(),
            "from-file")
      << "a higher source wins, in whichever form";
}

TEST(LoadConfig, MinioRootCredentialsAreTheFallback) {
  const Environment environment = {{"MINIO_ROOT_USER", "root"}, {"MINIO_ROOT_PASSWORD", "pw"}};
  EXPECT_EQ(Loaded({}, environment).minio_access_key.Reveal(), "root");
  EXPECT_EQ(Loaded({}, environment).minio_secret_key.Reveal(), "pw");
  const TemporaryFolder folder;
  const std::string file = folder.Write(".env", "MINIO_ACCESS_KEY=own");
  EXPECT_EQ(Loaded({"--env-file", file}, environment).minio_access_key.Reveal(), "own");
}

TEST(LoadConfig, SecretsNeverAppearInErrors) {
  const std::string message =
      Refused({"--port=x"}, {{"MINIO_SECRET_KEY", "s3cr3t-1"},
                             {"MICROSERVICE_DATABASE", "mysql://u:s3cr3t-2@"},
                             {"TLS_KEY", "s3cr3t-3"}});
  EXPECT_THAT(message, Not(HasSubstr("s3cr3t")));
  EXPECT_THAT(message, HasSubstr("MICROSERVICE_DATABASE (environment): got a value that is not "
                                 "shown here, takes mysql://"));
}

TEST(LoadConfig, ABadDatabaseUrlIsShownOnlyWithoutCredentials) {
  EXPECT_THAT(Refused({}, {{"MICROSERVICE_DATABASE", "oracle://x"}}), HasSubstr("\"oracle://x\""));
  for (const std::string hidden : {"s3cr3t", "mysql://u:s3cr3t", "mysql://s3cr3t@h", "u:s3cr3t@h/d",
                                   "mysql://u:s3cr3t@h/d?x=1"}) {
    EXPECT_THAT(Refused({}, {{"MICROSERVICE_DATABASE", hidden}}),
                AllOf(HasSubstr("not shown here"), Not(HasSubstr("s3cr3t"))));
  }
}

TEST(ConfigLoader, ServesSeveralCommandsOfOneProgram) {
  CLI::App app;
  ConfigLoader loader(Environment{});
  CLI::App* serve = app.add_subcommand("serve", "");
  CLI::App* quota = app.add_subcommand("quota", "");
  std::string user;
  quota->add_option("user", user);
  loader.RegisterOptions(*serve);
  loader.RegisterOptions(*quota);
  app.parse("quota --storage-dir /data ada --print-config");
  EXPECT_EQ(user, "ada");
  EXPECT_TRUE(loader.print_requested());
  const Result<LoadedConfig> loaded = loader.Load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->config.storage_dir, "/data");
}

TEST(ConfigLoader, HelpNamesEveryKeyAndDefault) {
  CLI::App app;
  ConfigLoader loader(Environment{});
  loader.RegisterOptions(app);
  const std::string help = app.help();
  EXPECT_THAT(help, HasSubstr("Configuration:"));
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_THAT(help, HasSubstr(key.Flag() + " "));
    EXPECT_THAT(help, HasSubstr("[" + key.name));
  }
  EXPECT_THAT(help, HasSubstr("Port of gRPC [PORT, default 50051]"));
}

TEST(ConfigLoader, OriginsAndWarnings) {
  const TemporaryFolder folder;
  const std::string file = folder.Write(".env", "HTTP_PORT=3\n");
  CLI::App app;
  ConfigLoader loader(Environment{{"METRICS_PORT", "2"}, {"MINIO_ROOT_USER", "u"}});
  loader.RegisterOptions(app);
  app.parse("--port 1 --minio-secret-key s3cr3t --env-file " + file);
  const Result<LoadedConfig> loaded = loader.Load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->origins.at("PORT"), "flag");
  EXPECT_EQ(loaded->origins.at("METRICS_PORT"), "environment");
  EXPECT_EQ(loaded->origins.at("MINIO_ACCESS_KEY"), "environment MINIO_ROOT_USER");
  EXPECT_EQ(loaded->origins.at("HTTP_PORT"), "file " + file);
  EXPECT_EQ(loaded->origins.at("HOST"), "default");
  EXPECT_EQ(loaded->origins.size(), ConfigKeys().size());
  EXPECT_THAT(loaded->warnings,
              ElementsAre(HasSubstr("TLS_CERT is not set"), HasSubstr("--minio-secret-key shows")));
  for (const std::string& warning : loaded->warnings)
    EXPECT_THAT(warning, Not(HasSubstr("s3cr3t")));
}

TEST(ProcessEnvironment, HoldsTheVariables) {
  ASSERT_EQ(::setenv("SATCHEL_CONFIG_TEST", "a=b", 1), 0);
  EXPECT_EQ(ProcessEnvironment().at("SATCHEL_CONFIG_TEST"), "a=b");
  ASSERT_EQ(::unsetenv("SATCHEL_CONFIG_TEST"), 0);
  EXPECT_FALSE(ProcessEnvironment().contains("SATCHEL_CONFIG_TEST"));
}

}  // namespace
}  // namespace satchel
