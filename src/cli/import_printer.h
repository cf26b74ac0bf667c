/// What `satchel import` shows, whether a server answered or this process opened the stores.
#pragma once

#include <satchel/admin.pb.h>

#include <optional>
#include <string>

#include "cli/environment.h"
#include "cli/progress_bar.h"
#include "cli/table.h"

namespace satchel::cli {

/// Shows an import as it runs: what there is to say about rows and the report on standard output,
/// with --json each as one ImportTableResponse a line; progress on a terminal only. Not
/// thread-safe.
class ImportPrinter {
 public:
  ImportPrinter(ImportTableRequest::Mode mode, CliEnvironment& environment);

  void Print(const ImportTableResponse& event);

  /// 0 when the run ended and every row is where it should be; 1 when some are not.
  int exit_code() const;

 private:
  void PrintText(const ImportTableResponse& event);

  const ImportTableRequest::Mode mode_;
  CliEnvironment& environment_;
  ProgressBar bar_;
  bool bar_started_ = false;
  Table teachers_;
  bool any_teacher_ = false;
  std::optional<ImportTableResponse::Report> report_;
};

/// "row 17: name_clash: `notes.txt` is …: teacher alice, document 3f2c…". Pure.
std::string FormatNote(const ImportTableResponse::Note& note);
/// What a run came to, some lines. Pure.
std::string FormatReport(ImportTableRequest::Mode mode, const ImportTableResponse::Report& report);

}  // namespace satchel::cli
