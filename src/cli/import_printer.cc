#include "cli/import_printer.h"

#include <string_view>
#include <vector>

#include "cli/exit_codes.h"
#include "cli/message_json.h"
#include "cli/text_format.h"

namespace satchel::cli {
namespace {

using Report = ImportTableResponse::Report;

std::string_view Doing(ImportTableRequest::Mode mode) {
  switch (mode) {
    case ImportTableRequest::MODE_PLAN:
      return "planning";
    case ImportTableRequest::MODE_VERIFY:
      return "verifying";
    case ImportTableRequest::MODE_ROLLBACK:
      return "rolling back";
    default:
      return "importing";
  }
}

std::string RowsAndBytes(std::int64_t rows, std::int64_t bytes) {
  return FormatCount(rows, "row") + ", " + FormatBytes(bytes) + "\n";
}

void AddLine(std::string& text, std::string_view title, const std::string& value) {
  constexpr std::size_t kTitleColumns = 18;
  text.append(title);
  text.append(title.size() < kTitleColumns ? kTitleColumns - title.size() : 1, ' ');
  text += value;
}

/// A line for what is not always there.
void AddCount(std::string& text, std::string_view title, std::int64_t count,
              std::string_view remark) {
  if (count == 0) return;
  AddLine(text, title, FormatCount(count, "row") + std::string(remark) + "\n");
}

std::string OtherSources(const Report& report) {
  std::string text = "nothing of this source is in the book";
  for (int i = 0; i < report.other_sources_size(); ++i) {
    text.append(i == 0 ? ", which has " : ", ").append(EscapeControls(report.other_sources(i)));
  }
  return text;
}

/// How a row stands out that somebody has to look at.
std::string_view MarkOf(const ImportTableResponse::Note& note) {
  if (note.refused()) return "REFUSED ";
  return note.problem() ? "PROBLEM " : "";
}

/// A blank at an end would not be seen.
std::string TeacherText(const std::string& teacher) {
  const std::string text = EscapeControls(teacher);
  const bool padded = text.starts_with(' ') || text.ends_with(' ');
  return padded ? "`" + text + "`" : text;
}

std::vector<Table::Column> TeacherColumns() {
  return {{"TEACHER"},     {"ROWS", true},      {"BYTES", true},     {"USED", true},
          {"QUOTA", true}, {"ROWS OVER", true}, {"BYTES OVER", true}};
}

}  // namespace

std::string FormatNote(const ImportTableResponse::Note& note) {
  std::string text = "row " + std::to_string(note.row_id()) + ": " + std::string(MarkOf(note)) +
                     EscapeControls(note.verdict()) + ": " + EscapeControls(note.detail());
  if (!note.teacher().empty()) text += "; teacher " + TeacherText(note.teacher());
  if (!note.document_id().empty()) text += "; document " + EscapeControls(note.document_id());
  return text + "\n";
}

std::string FormatReport(ImportTableRequest::Mode mode, const Report& report) {
  std::string text;
  AddLine(text, "source", EscapeControls(report.source_name()) + "\n");
  const bool rollback = mode == ImportTableRequest::MODE_ROLLBACK;
  AddLine(text, rollback ? "in the book" : "in the table",
          RowsAndBytes(report.rows(), report.bytes()));
  switch (mode) {
    case ImportTableRequest::MODE_PLAN:
      AddLine(text, "to import", RowsAndBytes(report.importable(), report.importable_bytes()));
      break;
    case ImportTableRequest::MODE_VERIFY:
      AddLine(text, "equal", RowsAndBytes(report.verified(), report.verified_bytes()));
      break;
    case ImportTableRequest::MODE_ROLLBACK:
      AddLine(text, "removed", RowsAndBytes(report.removed(), report.removed_bytes()));
      break;
    default:
      AddLine(text, "imported", RowsAndBytes(report.imported(), report.imported_bytes()));
  }
  if (rollback && report.rows() == 0) AddLine(text, "", OtherSources(report) + "\n");
  AddCount(text, "imported before", report.imported_before(), "");
  AddCount(text, "deleted since", report.deleted_since(),
           rollback ? ": there was no document to remove" : ": not imported again");
  AddCount(text, "gone from table", report.source_gone(), ": the documents stay");
  AddCount(text, "name changed", report.names_changed(), "");
  AddCount(text, "name clashes", report.name_clashes(), ": resolved by the row's id");
  AddCount(text, "time unknown", report.times_unknown(), ": 1970-01-01T00:00:00Z");
  if (rollback) return text;
  AddCount(text, "not equal", report.differs(), "");
  AddCount(text, "not imported", report.not_imported(), ": import again");
  AddCount(text, "changed since", report.changed_since(), ": not what was imported");
  AddLine(text, "refused", FormatCount(report.refused(), "row") + "\n");
  return text;
}

ImportPrinter::ImportPrinter(ImportTableRequest::Mode mode, CliEnvironment& environment)
    : mode_(mode), environment_(environment), bar_(environment), teachers_(TeacherColumns()) {}

void ImportPrinter::Print(const ImportTableResponse& event) {
  if (event.has_progress()) {
    if (!bar_started_) bar_.Start(std::string(Doing(mode_)), event.progress().bytes_total());
    bar_started_ = true;
    bar_.Update(event.progress().bytes());
    return;
  }
  bar_.End();
  if (event.has_report()) report_ = event.report();
  if (environment_.json) {
    environment_.out << MessageJson(event) << '\n';
    return;
  }
  PrintText(event);
}

void ImportPrinter::PrintText(const ImportTableResponse& event) {
  if (event.has_note()) environment_.out << FormatNote(event.note());
  if (event.has_teacher()) {
    any_teacher_ = true;
    const auto& teacher = event.teacher();
    teachers_.AddRow({TeacherText(teacher.user_id()), std::to_string(teacher.rows()),
                      std::to_string(teacher.bytes()), std::to_string(teacher.used_bytes()),
                      std::to_string(teacher.quota_bytes()),
                      std::to_string(teacher.rows_over_quota()),
                      std::to_string(teacher.bytes_over_quota())});
  }
  if (event.has_report()) {
    if (any_teacher_) environment_.out << teachers_.TakeText();
    environment_.out << FormatReport(mode_, event.report());
  }
}

int ImportPrinter::exit_code() const {
  return report_ && report_->problems() == 0 ? kExitOk : kExitFailed;
}

}  // namespace satchel::cli
