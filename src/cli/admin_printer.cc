#include "cli/admin_printer.h"

#include "cli/exit_codes.h"
#include "cli/message_json.h"
#include "cli/text_format.h"

namespace satchel::cli {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval{100};

std::string FormatSummary(const CheckConsistencyResponse::Summary& summary) {
  std::string text = FormatCount(summary.documents(), "document") + " checked, " +
                     FormatBytes(summary.bytes()) + " read: ";
  if (summary.findings() == 0) {
    text += "nothing found\n";
  } else {
    text += FormatCount(summary.findings(), "finding") + ", " + std::to_string(summary.repaired()) +
            " repaired\n";
  }
  if (summary.young_orphans() > 0) {
    text += "note: " + FormatCount(summary.young_orphans(), "object") +
            " younger than 24 h without a row: uploads in progress, or documents that a restored "
            "database does not know\n";
  }
  return text;
}

std::string WithBytes(std::int64_t bytes) {
  return FormatBytes(bytes) + " (" + std::to_string(bytes) + " bytes)";
}

}  // namespace

void PrintQuota(const GetQuotaResponse& quota, CliEnvironment& environment) {
  if (environment.json) {
    environment.out << MessageJson(quota) << '\n';
    return;
  }
  environment.out << "user       " << EscapeControls(quota.user_id()) << '\n'
                  << "quota      " << WithBytes(quota.quota_bytes())
                  << (quota.own() ? ", the user's own" : ", the default") << '\n'
                  << "stored     " << WithBytes(quota.total_bytes()) << " in "
                  << FormatCount(quota.file_count(), "document") << '\n'
                  << "reserved   " << WithBytes(quota.reserved_bytes()) << '\n';
}

std::string FormatFinding(const CheckConsistencyResponse::Finding& finding) {
  std::string text = EscapeControls(finding.invariant()) + " " + EscapeControls(finding.problem());
  std::string separator = ": ";
  const auto add = [&](const std::string& part) {
    text += separator + part;
    separator = ", ";
  };
  if (!finding.user_id().empty()) add("user " + EscapeControls(finding.user_id()));
  if (!finding.document_id().empty()) add("document " + EscapeControls(finding.document_id()));
  separator = ": ";
  if (!finding.detail().empty()) add(EscapeControls(finding.detail()));
  if (finding.repaired()) text += " [repaired]";
  return text + "\n";
}

void FindingsPrinter::Print(const CheckConsistencyResponse& event) {
  if (event.has_progress()) {
    PrintProgress(event.progress());
    return;
  }
  ClearProgress();
  found_ = found_ || event.has_finding();
  if (event.has_summary()) summary_ = event.summary();
  if (environment_.json) {
    environment_.out << MessageJson(event) << '\n';
  } else if (event.has_finding()) {
    environment_.out << FormatFinding(event.finding());
  } else if (event.has_summary()) {
    environment_.out << FormatSummary(event.summary());
  }
}

int FindingsPrinter::exit_code() const {
  const bool clean = summary_ && summary_->findings() == 0 && !found_;
  return clean ? kExitOk : kExitFailed;
}

void FindingsPrinter::PrintProgress(const CheckConsistencyResponse::Progress& progress) {
  if (!environment_.err_is_terminal || environment_.json) return;
  const Clock::time_point now = Clock::now();
  if (drawn_ && now - *drawn_ < kRedrawInterval) return;
  drawn_ = now;
  environment_.err << '\r' << FormatCount(progress.documents(), "document") << " checked, "
                   << FormatBytes(progress.bytes()) << " read\x1b[K";
  environment_.err.flush();
  progress_shown_ = true;
}

void FindingsPrinter::ClearProgress() {
  if (!progress_shown_) return;
  environment_.err << "\r\x1b[K";
  environment_.err.flush();
  progress_shown_ = false;
}

}  // namespace satchel::cli
