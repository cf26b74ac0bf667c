#include "cli/admin_printer.h"

#include <gtest/gtest.h>

#include "cli/exit_codes.h"
#include "unit/cli/test_environment.h"

namespace satchel::cli {
namespace {

CheckConsistencyResponse Finding() {
  CheckConsistencyResponse event;
  auto* finding = event.mutable_finding();
  finding->set_invariant("I1");
  finding->set_problem("object missing");
  finding->set_user_id("alice\x1b");
  finding->set_document_id("3f2c");
  finding->set_detail("objects/ab/cd");
  return event;
}

CheckConsistencyResponse Summary(std::int64_t findings, std::int64_t repaired) {
  CheckConsistencyResponse event;
  auto* summary = event.mutable_summary();
  summary->set_documents(3);
  summary->set_bytes(2048);
  summary->set_findings(findings);
  summary->set_repaired(repaired);
  return event;
}

CheckConsistencyResponse Progress() {
  CheckConsistencyResponse event;
  event.mutable_progress()->set_documents(1);
  return event;
}

TEST(FormatFindingTest, LeavesOutWhatIsNotKnown) {
  CheckConsistencyResponse::Finding finding = Finding().finding();
  EXPECT_EQ(FormatFinding(finding),
            "I1 object missing: user alice\\x1b, document 3f2c: objects/ab/cd\n");
  finding.clear_user_id();
  finding.clear_document_id();
  finding.set_repaired(true);
  EXPECT_EQ(FormatFinding(finding), "I1 object missing: objects/ab/cd [repaired]\n");
}

TEST(FindingsPrinterTest, IsCleanOnlyAfterASummaryWithoutFindings) {
  TestEnvironment test;
  FindingsPrinter printer(test.environment);
  EXPECT_EQ(printer.exit_code(), kExitFailed) << "the check has not ended";
  printer.Print(Progress());
  printer.Print(Summary(0, 0));
  EXPECT_EQ(printer.exit_code(), kExitOk);
  EXPECT_EQ(test.out.str(), "3 documents checked, 2.0 KiB read: nothing found\n");
  EXPECT_EQ(test.err.str(), "") << "no progress without a terminal";
}

TEST(FindingsPrinterTest, FailsForWhatWasRepairedToo) {
  TestEnvironment test;
  FindingsPrinter printer(test.environment);
  CheckConsistencyResponse event = Finding();
  event.mutable_finding()->set_repaired(true);
  printer.Print(event);
  printer.Print(Summary(1, 1));
  EXPECT_EQ(printer.exit_code(), kExitFailed);
  EXPECT_EQ(test.out.str(),
            "I1 object missing: user alice\\x1b, document 3f2c: objects/ab/cd [repaired]\n"
            "3 documents checked, 2.0 KiB read: 1 finding, 1 repaired\n");
}

TEST(FindingsPrinterTest, PrintsEventsAsJsonLines) {
  TestEnvironment test;
  test.environment.json = true;
  test.environment.err_is_terminal = true;
  FindingsPrinter printer(test.environment);
  printer.Print(Progress());
  printer.Print(Summary(0, 0));
  EXPECT_EQ(test.out.str(),
            "{\"summary\":{\"documents\":\"3\",\"bytes\":\"2048\",\"findings\":\"0\","
            "\"repaired\":\"0\",\"young_orphans\":\"0\"}}\n");
  EXPECT_EQ(test.err.str(), "");
}

TEST(FindingsPrinterTest, ErasesProgressBeforeAFinding) {
  TestEnvironment test;
  test.environment.err_is_terminal = true;
  FindingsPrinter printer(test.environment);
  printer.Print(Progress());
  EXPECT_EQ(test.err.str(), "\r1 document checked, 0 B read\x1b[K");
  test.err.str("");
  printer.Print(Finding());
  EXPECT_EQ(test.err.str(), "\r\x1b[K");
}

TEST(PrintQuotaTest, SaysWhoseLimitItIs) {
  TestEnvironment test;
  GetQuotaResponse quota;
  quota.set_user_id("alice");
  quota.set_quota_bytes(1 << 30);
  quota.set_total_bytes(5);
  quota.set_file_count(1);
  PrintQuota(quota, test.environment);
  EXPECT_EQ(test.out.str(),
            "user       alice\n"
            "quota      1.0 GiB (1073741824 bytes), the default\n"
            "stored     5 B (5 bytes) in 1 document\n"
            "reserved   0 B (0 bytes)\n");
}

}  // namespace
}  // namespace satchel::cli
