#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/version.h"
#include "cli/exit_codes.h"
#include "unit/cli/test_environment.h"

namespace satchel {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() : context_{.environment = test_.environment} {
    app_.require_subcommand(1);
    CLI::App* serve = app_.add_subcommand("serve", "Run");
    serve->add_option("--port", port_);
    serve->callback([this] { context_.exit_code = cli::kExitOk; });
    CLI::App* quota = app_.add_subcommand("quota", "Quotas");
    quota->require_subcommand(1);
    quota->add_subcommand("get", "Show one")->add_option("USER", user_)->required();
    cli::RegisterClientCommands(app_, context_);
    RegisterHelp(app_, context_);
  }

  int Run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "satchel");
    return ParseAndRun(app_, arguments, context_);
  }
  std::string Error() const { return test_.err.str(); }

  cli::TestEnvironment test_;
  CLI::App app_{"About the program.", "satchel"};
  cli::CliContext context_;
  int port_ = 0;
  std::string user_;
};

TEST_F(CommandLineTest, NamesAnUnknownCommandAndTheNearestOne) {
  EXPECT_EQ(Run({"serv"}), cli::kExitUsage);
  EXPECT_EQ(Error(),
            "error: unknown command serv; did you mean serve?\n"
            "  satchel --help shows the usage\n");
}

TEST_F(CommandLineTest, KnowsWhatOthersCallACommand) {
  Run({"upload", "a.pdf"});
  EXPECT_THAT(Error(), HasSubstr("unknown command upload; did you mean put?\n"));
}

TEST_F(CommandLineTest, SuggestsNothingThatIsFar) {
  EXPECT_EQ(Run({"nosuch", "--port", "1"}), cli::kExitUsage);
  EXPECT_THAT(Error(), HasSubstr("unknown command nosuch\n"));
}

TEST_F(CommandLineTest, NamesAnUnknownCommandBelowAnother) {
  EXPECT_EQ(Run({"quota", "gte"}), cli::kExitUsage);
  EXPECT_EQ(Error(),
            "error: unknown command gte; did you mean get?\n"
            "  satchel quota --help shows the usage\n");
}

TEST_F(CommandLineTest, NamesUnknownFlagsAndWhatIsTooMuch) {
  EXPECT_EQ(Run({"ls", "--jsn", "extra"}), cli::kExitUsage);
  EXPECT_THAT(Error(), HasSubstr("unknown flag --jsn; did you mean --json?\n"));
  test_.err.str("");
  Run({"ls", "extra"});
  EXPECT_THAT(Error(), HasSubstr("unexpected argument extra\n"));
  test_.err.str("");
  Run({"--port", "1", "serve"});
  EXPECT_THAT(Error(), HasSubstr("unknown flag --port; it belongs behind satchel serve\n"));
}

TEST_F(CommandLineTest, SaysWhatIsMissing) {
  EXPECT_EQ(Run({"quota", "get"}), cli::kExitUsage);
  EXPECT_EQ(Error(), "error: USER is required\n  satchel quota get --help shows the usage\n");
}

TEST_F(CommandLineTest, ShowsTheHelpWhereACommandIsMissing) {
  EXPECT_EQ(Run({}), cli::kExitUsage);
  EXPECT_THAT(Error(), StartsWith("About the program."));
  test_.err.str("");
  EXPECT_EQ(Run({"quota"}), cli::kExitUsage);
  EXPECT_THAT(Error(), HasSubstr("Usage: satchel quota "));
}

TEST_F(CommandLineTest, ReportsAsJsonWhenAsked) {
  EXPECT_EQ(Run({"lst", "--json"}), cli::kExitUsage);
  EXPECT_EQ(Error(),
            "{\"error\":{\"message\":\"unknown command lst; did you mean ls?\","
            "\"notes\":[\"satchel --help shows the usage\"]}}\n");
  test_.err.str("");
  Run({"--json"});
  EXPECT_THAT(Error(), HasSubstr("a command is missing"));
}

TEST_F(CommandLineTest, HelpsInEveryWayThatIsTried) {
  for (const char* flag : {"--help", "-h", "help"}) {
    test_.out.str("");
    EXPECT_EQ(Run({flag}), cli::kExitOk);
    EXPECT_THAT(test_.out.str(), StartsWith("About the program."));
  }
  for (const std::vector<const char*>& line : std::vector<std::vector<const char*>>{
           {"quota", "get", "--help"}, {"quota", "get", "-h"}, {"help", "quota", "get"}}) {
    test_.out.str("");
    EXPECT_EQ(Run(line), cli::kExitOk);
    EXPECT_THAT(test_.out.str(), HasSubstr("Usage: satchel quota get "));
    EXPECT_THAT(Error(), IsEmpty());
  }
  EXPECT_EQ(Run({"help", "nosuch"}), cli::kExitUsage);
  EXPECT_THAT(Error(), HasSubstr("unknown command nosuch"));
}

TEST_F(CommandLineTest, ShowsTheVersion) {
  for (const char* line : {"--version", "version"}) {
    test_.out.str("");
    EXPECT_EQ(Run({line}), cli::kExitOk);
    EXPECT_EQ(test_.out.str(), "satchel " + std::string(kVersion) + "\n");
  }
}

}  // namespace
}  // namespace satchel
