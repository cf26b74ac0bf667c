#include "cli/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace satchel::cli {
namespace {

using testing::HasSubstr;

// Sets an environment variable, or unsets it for null, until the end of the block.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    const char* const before = std::getenv(name);
    if (before != nullptr) before_ = before;
    Set(value);
  }
  ~ScopedVariable() { Set(before_ ? before_->c_str() : nullptr); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  void Set(const char* value) {
    EXPECT_EQ(value != nullptr ? setenv(name_, value, 1) : unsetenv(name_), 0);
  }

  const char* const name_;
  std::optional<std::string> before_;
};

TEST(CompleteTargetTest, AddsThePortWhereThereIsNone) {
  EXPECT_EQ(CompleteTarget("documents.example"), "documents.example:50051");
  EXPECT_EQ(CompleteTarget("documents.example:1"), "documents.example:1");
  EXPECT_EQ(CompleteTarget("[::1]"), "[::1]:50051");
  EXPECT_EQ(CompleteTarget("[::1]:1"), "[::1]:1");
  EXPECT_EQ(CompleteTarget("unix:/run/satchel"), "unix:/run/satchel");
  EXPECT_EQ(CompleteTarget("dns:///documents.example"), "dns:///documents.example");
}

TEST(IsLoopbackTest, KnowsThisMachineOnly) {
  for (const char* target : {"localhost:1", "127.0.0.1:1", "127.1.2.3:1", "[::1]:1"}) {
    EXPECT_TRUE(IsLoopback(target)) << target;
  }
  for (const char* target :
       {"localhost.example:1", "documents.example:1", "[::2]:1", "10.0.0.1:1"}) {
    EXPECT_FALSE(IsLoopback(target)) << target;
  }
}

TEST(ResolveServerTest, TakesTlsFromTheVariable) {
  ServerAddress address;
  {
    const ScopedVariable variable("SATCHEL_TLS", "True");
    ASSERT_FALSE(ResolveServer({}, &address));
    EXPECT_TRUE(address.tls);
  }
  {
    const ScopedVariable variable("SATCHEL_TLS", "0");
    ASSERT_FALSE(ResolveServer({}, &address));
    EXPECT_FALSE(address.tls);
  }
  const ScopedVariable variable("SATCHEL_TLS", "maybe");
  const MaybeError error = ResolveServer({}, &address);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->exit_code, kExitUsage);
}

TEST(ResolveServerTest, PrefersTheOptionThenTheVariableThenTheDefault) {
  const ScopedVariable none("SATCHEL_SERVER", nullptr);
  const ScopedVariable no_tls("SATCHEL_TLS", nullptr);
  ConnectionOptions options;
  ServerAddress address;
  ASSERT_FALSE(ResolveServer(options, &address));
  EXPECT_EQ(address.target, "localhost:50051");
  EXPECT_FALSE(address.tls);
  const ScopedVariable variable("SATCHEL_SERVER", "from-variable:1");
  ASSERT_FALSE(ResolveServer(options, &address));
  EXPECT_EQ(address.target, "from-variable:1");
  options.server = "from-option:1";
  ASSERT_FALSE(ResolveServer(options, &address));
  EXPECT_EQ(address.target, "from-option:1");
}

TEST(ResolveServerTest, RefusesUrls) {
  ServerAddress address;
  const MaybeError error = ResolveServer({.server = "http://documents.example"}, &address);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->exit_code, kExitUsage);
}

TEST(ResolveServerTest, ReadsPemFilesAndTurnsTlsOn) {
  const std::filesystem::path folder = testing::TempDir();
  const std::string pem = "-----BEGIN CERTIFICATE-----";
  std::ofstream(folder / "satchel-ca.pem") << pem;
  ServerAddress address;
  ASSERT_FALSE(ResolveServer({.ca_file = folder / "satchel-ca.pem"}, &address));
  EXPECT_TRUE(address.tls);
  EXPECT_EQ(address.ca, pem);
  std::filesystem::remove(folder / "satchel-ca.pem");
}

TEST(ResolveServerTest, NamesTheFileThatCannotBeRead) {
  ServerAddress address;
  MaybeError error = ResolveServer({.ca_file = "/nonexistent/ca.pem"}, &address);
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("/nonexistent/ca.pem: No such file"));
  error = ResolveServer({.ca_file = "/dev/null"}, &address);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message, "/dev/null is empty");
  error = ResolveServer({.ca_file = "/etc/passwd"}, &address);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message, "/etc/passwd holds no PEM");
}

TEST(ResolveServerTest, WantsCertificateAndKeyTogether) {
  ServerAddress address;
  const MaybeError error = ResolveServer({.certificate_file = "/dev/null"}, &address);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->exit_code, kExitUsage);
}

TEST(ResolveUserTest, WantsAUser) {
  const ScopedVariable none("SATCHEL_USER", nullptr);
  std::string user;
  MaybeError error = ResolveUser({}, &user);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->exit_code, kExitUsage);
  const ScopedVariable empty("SATCHEL_USER", "");
  EXPECT_TRUE(ResolveUser({}, &user)) << "an empty variable is none";
  const ScopedVariable alice("SATCHEL_USER", "alice");
  ASSERT_FALSE(ResolveUser({}, &user));
  EXPECT_EQ(user, "alice");
  EXPECT_TRUE(ResolveUser({.user = "\xff"}, &user)) << "not UTF-8";
}

}  // namespace
}  // namespace satchel::cli
