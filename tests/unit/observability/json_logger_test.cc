#include "observability/json_logger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "observability/daily_file_sink.h"
#include "observability/observer_fanout.h"
#include "support/manual_clock.h"
#include "support/temporary_folder.h"

namespace satchel {
namespace {

using ::testing::HasSubstr;

/// 2026-11-23T23:59:59.500Z
constexpr Timestamp kLate{std::chrono::milliseconds(1795478399500)};

std::vector<nlohmann::json> Parsed(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(nlohmann::json::parse(line));
  }
  return lines;
}

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

CallRecord Upload(Status status = {}) {
  CallRecord record;
  record.operation = Operation::kUpload;
  record.request_id = "request-1";
  record.user_id = "ada";
  record.document_id = "0b5e";
  record.filename = "essay.pdf";
  record.size = 4096;
  record.status = std::move(status);
  record.duration = std::chrono::microseconds(1500);
  return record;
}

class JsonLoggerTest : public ::testing::Test {
 protected:
  JsonLoggerTest() { clock_.JumpWall(kLate - clock_.WallNow()); }

  JsonLoggerOptions Options(LogLevel level = LogLevel::kDebug) {
    JsonLoggerOptions options;
    options.level = level;
    options.output = std::make_shared<spdlog::sinks::ostream_sink_mt>(output_);
    return options;
  }
  std::unique_ptr<JsonLogger> Make(const JsonLoggerOptions& options) {
    Result<std::unique_ptr<JsonLogger>> logger = JsonLogger::Make(options, clock_);
    EXPECT_TRUE(logger.ok()) << logger.status().ToString();
    return std::move(logger).value();
  }
  std::unique_ptr<JsonLogger> MakeWithFiles(std::chrono::days retention = std::chrono::days(30)) {
    JsonLoggerOptions options = Options();
    options.directory = directory_.string();
    options.retention = retention;
    return Make(options);
  }
  void Touch(const std::string& name) { folder_.Write(name, "{}\n"); }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  ManualClock clock_;
  std::ostringstream output_;
  const TemporaryFolder folder_;
  const std::filesystem::path directory_ = folder_.path();
};

TEST_F(JsonLoggerTest, LineOfACall) {
  Make(Options())->CallEnded(Upload());
  EXPECT_EQ(output_.str(),
            R"({"timestamp":"2026-11-23T23:59:59.500Z","level":"info","message":"call ended",)"
            R"("requestId":"request-1","operationType":"upload","userId":"ada",)"
            R"("documentId":"0b5e","filename":"essay.pdf","size":4096,"code":"OK",)"
            R"("durationMs":1.500})"
            "\n");
}

TEST_F(JsonLoggerTest, ErrorsHaveReasonAndCause) {
  Make(Options())->CallEnded(Upload(InternalError("errno 5 in write")));
  const nlohmann::json line = Parsed(output_.str()).at(0);
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["code"], "INTERNAL");
  EXPECT_EQ(line["reason"], "INTERNAL");
  EXPECT_EQ(line["cause"], "errno 5 in write");
}

TEST_F(JsonLoggerTest, CallersMistakesAreWarnings) {
  const auto logger = Make(Options());
  logger->CallEnded(Upload(InvalidField("user_id", "must not be empty", "")));
  CallRecord stalled = Upload(Status(Reason::kDeadlineExceeded, "no byte came for 60 s"));
  stalled.caller_at_fault = true;
  logger->CallEnded(stalled);
  for (const nlohmann::json& line : Parsed(output_.str())) EXPECT_EQ(line["level"], "warning");
}

TEST_F(JsonLoggerTest, UnknownFieldsAreLeftOut) {
  CallRecord record;
  record.operation = Operation::kUsage;
  record.request_id = "r";
  Make(Options())->CallEnded(record);
  const nlohmann::json line = Parsed(output_.str()).at(0);
  EXPECT_FALSE(line.contains("userId"));
  EXPECT_FALSE(line.contains("documentId"));
  EXPECT_FALSE(line.contains("filename"));
  EXPECT_FALSE(line.contains("reason"));
}

TEST_F(JsonLoggerTest, HostileNamesStayOneLine) {
  CallRecord record = Upload();
  record.user_id = "eve\n{\"level\":\"error\"}\r\x1b[2J";
  record.filename = std::string("\xE2\x80\xAEgpj\xE2\x80\xAC.\0\xFF", 12);
  record.document_id = "http://host/d/1?signature=abc";
  Make(Options())->CallEnded(record);
  const std::vector<nlohmann::json> lines = Parsed(output_.str());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["userId"], record.user_id);
  EXPECT_EQ(lines[0]["filename"], std::string("\xE2\x80\xAEgpj\xE2\x80\xAC.\0\xEF\xBF\xBD", 14));
  EXPECT_EQ(lines[0]["documentId"], "http://host/...");
  for (const char c : output_.str()) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 32);
}

TEST_F(JsonLoggerTest, LinesAreBounded) {
  CallRecord record = Upload(
      Status(Reason::kInternal, std::string(1 << 20, 'm')).WithCause(std::string(1 << 20, '\x01')));
  record.request_id = record.user_id = record.document_id = record.filename =
      std::string(1 << 20, '\x02');
  const auto logger = Make(Options());
  logger->CallEnded(record);
  LogFields fields;
  for (int i = 0; i < 100; ++i) fields.emplace_back(std::string(1000, 'k'), std::string(5000, 'v'));
  logger->Write(LogLevel::kInfo, std::string(1 << 20, 'm'), fields);
  std::istringstream lines(output_.str());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_LT(line.size(), 32U * 1024);
    EXPECT_TRUE(nlohmann::json::accept(line));
  }
  EXPECT_EQ(count, 2);
}

TEST_F(JsonLoggerTest, LevelFilters) {
  const auto logger = Make(Options(LogLevel::kWarning));
  logger->CallEnded(Upload());
  logger->Write(LogLevel::kDebug, "debug", {});
  logger->Write(LogLevel::kInfo, "info", {});
  EXPECT_EQ(output_.str(), "");
  logger->Write(LogLevel::kWarning, "warning", {{"key", "value"}});
  logger->Write(LogLevel::kError, "error", {});
  const std::vector<nlohmann::json> lines = Parsed(output_.str());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["message"], "warning");
  EXPECT_EQ(lines[0]["key"], "value");
  EXPECT_EQ(lines[1]["level"], "error");
}

TEST_F(JsonLoggerTest, EventsAreCleared) {
  Make(Options())->Write(LogLevel::kInfo, "started",
                         {{"database", "mysql://u:pw@db:3306/x"}, {"url", "http://h:8080"}});
  const nlohmann::json line = Parsed(output_.str()).at(0);
  EXPECT_EQ(line["database"], "mysql://db:3306/...");
  EXPECT_EQ(line["url"], "http://h:8080");
}

TEST_F(JsonLoggerTest, FileAndOutputGetTheSameLines) {
  MakeWithFiles()->CallEnded(Upload());
  EXPECT_EQ(ReadAll(directory_ / "satchel-2026-11-23.log"), output_.str());
  EXPECT_EQ(Parsed(output_.str()).size(), 1U);
}

TEST_F(JsonLoggerTest, ANewFileEachDayOfUtc) {
  const auto logger = MakeWithFiles();
  logger->Write(LogLevel::kInfo, "before", {});
  clock_.Advance(std::chrono::milliseconds(499));
  logger->Write(LogLevel::kInfo, "last", {});
  clock_.Advance(std::chrono::milliseconds(1));
  logger->Write(LogLevel::kInfo, "first", {});
  EXPECT_EQ(Names(), (std::set<std::string>{"satchel-2026-11-23.log", "satchel-2026-11-24.log"}));
  EXPECT_EQ(Parsed(ReadAll(directory_ / "satchel-2026-11-23.log")).size(), 2U);
  EXPECT_EQ(Parsed(ReadAll(directory_ / "satchel-2026-11-24.log")).at(0)["message"], "first");
}

TEST_F(JsonLoggerTest, AClockSetBackGoesOnInThatDaysFile) {
  const auto logger = MakeWithFiles();
  clock_.Advance(std::chrono::hours(24));
  logger->Write(LogLevel::kInfo, "tomorrow", {});
  clock_.JumpWall(-std::chrono::hours(24));
  logger->Write(LogLevel::kInfo, "today again", {});
  EXPECT_EQ(Parsed(ReadAll(directory_ / "satchel-2026-11-23.log")).at(0)["message"], "today again");
}

TEST_F(JsonLoggerTest, AppendsToTheFileOfTheDay) {
  Touch("satchel-2026-11-23.log");
  MakeWithFiles()->Write(LogLevel::kInfo, "more", {});
  EXPECT_EQ(Parsed(ReadAll(directory_ / "satchel-2026-11-23.log")).size(), 2U);
}

TEST_F(JsonLoggerTest, RemovesWhatIsOlderThanTheRetention) {
  // 30 days before 2026-11-23 is 2026-10-24.
  const std::vector<std::string> old = {"satchel-2026-10-23.log", "satchel-2001-01-01.log"};
  const std::vector<std::string> kept = {"satchel-2026-10-24.log",
                                         "satchel-2026-12-31.log",
                                         "satchel-2001-01-01.log.gz",
                                         "satchel-2001-02-30.log",
                                         "satchel-.log",
                                         "satchel.log",
                                         "other-2001-01-01.log",
                                         "notes.txt",
                                         "xsatchel-2001-01-01.log"};
  for (const std::string& name : old) Touch(name);
  for (const std::string& name : kept) Touch(name);
  std::filesystem::create_directory(directory_ / "satchel-2001-01-02.log");
  std::filesystem::create_symlink("notes.txt", directory_ / "satchel-2001-01-03.log");
  const auto logger = MakeWithFiles();
  for (const std::string& name : old) EXPECT_FALSE(Names().contains(name)) << name;
  for (const std::string& name : kept) EXPECT_TRUE(Names().contains(name)) << name;
  EXPECT_TRUE(Names().contains("satchel-2001-01-02.log")) << "a folder is foreign";
  EXPECT_TRUE(Names().contains("satchel-2001-01-03.log")) << "a link is foreign";

  clock_.Advance(std::chrono::hours(1));
  logger->Write(LogLevel::kInfo, "next day", {});
  EXPECT_FALSE(Names().contains("satchel-2026-10-24.log"));
}

TEST_F(JsonLoggerTest, GapsInTimeDoNotKeepOldFiles) {
  const auto logger = MakeWithFiles(std::chrono::days(2));
  clock_.Advance(std::chrono::hours(24 * 100));
  logger->Write(LogLevel::kInfo, "after a pause", {});
  EXPECT_EQ(Names(), (std::set<std::string>{"satchel-2027-03-03.log"}));
}

TEST_F(JsonLoggerTest, FilesArePrivate) {
  const auto logger = MakeWithFiles();
  struct stat state {};
  ASSERT_EQ(::stat((directory_ / "satchel-2026-11-23.log").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0007, 0U);
}

TEST_F(JsonLoggerTest, MakesTheFolder) {
  JsonLoggerOptions options = Options();
  options.directory = (directory_ / "a" / "b").string();
  Make(options)->Write(LogLevel::kInfo, "hello", {});
  EXPECT_TRUE(std::filesystem::exists(directory_ / "a" / "b" / "satchel-2026-11-23.log"));
}

TEST_F(JsonLoggerTest, AFolderThatCannotBeWrittenStopsTheStart) {
  Touch("file");
  JsonLoggerOptions options = Options();
  for (const auto& folder : {directory_ / "file", directory_ / "file" / "logs",
                             std::filesystem::path("/proc/satchel-logs")}) {
    options.directory = folder.string();
    const Result<std::unique_ptr<JsonLogger>> logger = JsonLogger::Make(options, clock_);
    EXPECT_TRUE(logger.status().Is(Reason::kConfigurationInvalid));
    EXPECT_THAT(logger.status().message(), HasSubstr("LOG_DIR"));
    EXPECT_THAT(logger.status().message(), HasSubstr(folder.string()));
  }
}

TEST_F(JsonLoggerTest, ALinkInPlaceOfTheFileIsNotFollowed) {
  Touch("target");
  std::filesystem::create_symlink("target", directory_ / "satchel-2026-11-23.log");
  JsonLoggerOptions options = Options();
  options.directory = directory_.string();
  EXPECT_TRUE(JsonLogger::Make(options, clock_).status().Is(Reason::kConfigurationInvalid));
}

TEST_F(JsonLoggerTest, WhenTheNewFileCannotBeOpenedTheOldOneGoesOn) {
  const auto logger = MakeWithFiles();
  const std::filesystem::path next = directory_ / "satchel-2026-11-24.log";
  std::filesystem::create_directory(next);
  clock_.Advance(std::chrono::seconds(1));
  logger->Write(LogLevel::kInfo, "one", {});
  std::filesystem::remove(next);
  logger->Write(LogLevel::kInfo, "two", {});
  EXPECT_EQ(Parsed(ReadAll(directory_ / "satchel-2026-11-23.log")).size(), 2U);
  clock_.Advance(std::chrono::minutes(1));
  logger->Write(LogLevel::kInfo, "three", {});
  EXPECT_EQ(Parsed(ReadAll(next)).size(), 1U);
}

TEST_F(JsonLoggerTest, ManyThreadsWriteWholeLines) {
  const auto logger = MakeWithFiles();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&logger] {
      for (int call = 0; call < 200; ++call) logger->CallEnded(Upload());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Parsed(ReadAll(directory_ / "satchel-2026-11-23.log")).size(), 1600U);
}

TEST(ObserverFanout, TellsAllInOrder) {
  struct Recorder final : CallObserver {
    Recorder(int number, std::vector<int>& told) : number_(number), told_(told) {}
    void CallStarted(Operation) override { told_.push_back(number_); }
    void CallEnded(const CallRecord&) override { told_.push_back(number_ * 10); }
    const int number_;
    std::vector<int>& told_;
  };
  std::vector<int> told;
  Recorder first(1, told), second(2, told);
  ObserverFanout fanout({&first, &second});
  fanout.CallStarted(Operation::kList);
  fanout.CallEnded(Upload());
  EXPECT_EQ(told, (std::vector<int>{1, 2, 10, 20}));
}

}  // namespace
}  // namespace satchel
