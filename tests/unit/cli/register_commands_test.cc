#include "cli/register_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_codes.h"
#include "unit/cli/test_environment.h"

namespace satchel::cli {
namespace {

using testing::HasSubstr;

class RegisterCommandsTest : public testing::Test {
 protected:
  RegisterCommandsTest() : context_{.environment = test_.environment} {
    app_.require_subcommand(1);
    RegisterClientCommands(app_, context_);
  }

  int Run(const std::string& command_line) {
    context_.exit_code = -1;
    app_.parse(command_line, false);
    return context_.exit_code;
  }

  TestEnvironment test_;
  CLI::App app_{"test", "satchel"};
  CliContext context_;
};

TEST_F(RegisterCommandsTest, TakesConnectionOptionsOnBothSides) {
  Run("--server before:1 --user alice --timeout 5 version");
  EXPECT_EQ(context_.environment.connection.server, "before:1");
  EXPECT_EQ(context_.environment.connection.user, "alice");
  EXPECT_EQ(context_.environment.connection.timeout_seconds, 5);
  // The command line is wrong for `ls`, so nothing is asked.
  Run("--user before --server http://before ls --user after --server http://after");
  EXPECT_EQ(context_.environment.connection.user, "after");
  EXPECT_EQ(context_.environment.connection.server, "http://after");
  EXPECT_EQ(context_.exit_code, kExitUsage);
}

TEST_F(RegisterCommandsTest, WantsTheUserBeforeAnything) {
  ASSERT_EQ(unsetenv("SATCHEL_USER"), 0);
  for (const char* line : {"put a.pdf", "get 3f2c", "ls", "rm 3f2c", "url 3f2c", "usage"}) {
    EXPECT_EQ(Run(line), kExitUsage) << line;
    EXPECT_THAT(test_.err.str(), HasSubstr("SATCHEL_USER")) << line;
    test_.err.str("");
  }
}

TEST_F(RegisterCommandsTest, AsksForWhatItCannotGuess) {
  EXPECT_EQ(Run("put - --user alice"), kExitUsage);
  EXPECT_THAT(test_.err.str(), HasSubstr("--name"));
  test_.err.str("");
  EXPECT_EQ(Run("put /dev/null --user alice"), kExitUsage);
  EXPECT_THAT(test_.err.str(), HasSubstr("--mime"));
}

TEST_F(RegisterCommandsTest, RefusesTwoUsesOfStandardOutput) {
  EXPECT_EQ(Run("get 3f2c -o - --json --user alice"), kExitUsage);
}

TEST_F(RegisterCommandsTest, ReportsAnUnreachableServer) {
  // Port 1 of this machine: nothing listens there.
  EXPECT_EQ(Run("usage --user alice --server 127.0.0.1:1"), kExitUnreachable);
  EXPECT_THAT(test_.err.str(), HasSubstr("error: UNAVAILABLE: cannot reach 127.0.0.1:1"));
  EXPECT_EQ(Run("health --server 127.0.0.1:1"), kExitUnreachable);
  EXPECT_EQ(Run("get 3f2c --user alice --server 127.0.0.1:1"), kExitUnreachable);
  EXPECT_EQ(Run("rm 3f2c 4d5e --user alice --server 127.0.0.1:1"), kExitUnreachable);
}

TEST_F(RegisterCommandsTest, RefusesWhatCli11CanSee) {
  EXPECT_THROW(Run("get"), CLI::RequiredError);
  EXPECT_THROW(Run("ls --timeout 0"), CLI::ValidationError);
  EXPECT_THROW(Run("ls --no-such-option"), CLI::ExtrasError);
  EXPECT_THROW(Run("completion tcsh"), CLI::ValidationError);
}

TEST_F(RegisterCommandsTest, DocumentsExitCodesInEveryCommandThatAsks) {
  for (const char* name : {"put", "get", "ls", "rm", "url", "usage", "health"}) {
    EXPECT_THAT(app_.get_subcommand(name)->help(), HasSubstr("75  temporary")) << name;
  }
}

TEST_F(RegisterCommandsTest, SeesThatStandardOutputFailed) {
  Run("version");
  EXPECT_EQ(FinishOutput(context_), kExitOk);
  test_.out.setstate(std::ios::badbit);
  EXPECT_EQ(FinishOutput(context_), kExitFailed);
  EXPECT_EQ(test_.err.str(), "error: cannot write standard output\n");
}

}  // namespace
}  // namespace satchel::cli
