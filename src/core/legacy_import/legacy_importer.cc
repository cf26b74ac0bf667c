#include "core/legacy_import/legacy_importer.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "core/legacy_import/import_runs.h"
#include "core/legacy_import/import_session.h"
#include "core/legacy_import/row_planner.h"
#include "core/legacy_import/row_rules.h"
#include "core/legacy_import/source_check.h"
#include "core/legacy_import/source_walk.h"

namespace satchel {
namespace {

Status CheckSourceName(const std::string& name) {
  if (!name.empty() && name.size() <= kSourceNameBytesMax && IsValidUtf8(name)) return {};
  return InvalidField(
      "source-name",
      "must be valid UTF-8 of 1 to " + std::to_string(kSourceNameBytesMax) + " bytes", name);
}

/// Hands every group of the table to `handle(group)`.
template <typename Handle>
Status Walk(ImportSession& session, LegacySource& source, SourceWalk& walk, const Handle& handle) {
  SATCHEL_ASSIGN_OR_RETURN(const LegacySize size, source.Measure(session.call()));
  session.SetTotals(size.rows, size.bytes);
  while (true) {
    SATCHEL_RETURN_IF_ERROR(session.call().Check());
    SATCHEL_ASSIGN_OR_RETURN(const std::optional<SourceGroup> group, walk.Next(session.call()));
    if (!group) break;
    session.Count([&](ImportReport& report) {
      report.rows += static_cast<std::int64_t>(group->rows.size());
      for (const SourceText& row : group->rows) report.bytes += row.row.text_bytes.value_or(0);
    });
    SATCHEL_RETURN_IF_ERROR(handle(*group));
  }
  if (walk.rows_read() >= size.rows) return {};
  return ConfigurationError("only " + std::to_string(walk.rows_read()) + " of the table's " +
                            std::to_string(size.rows) +
                            " rows could be read: rows were removed meanwhile, or the ids of some "
                            "are no whole numbers; import again");
}

}  // namespace

Result<ImportReport> LegacyImporter::Run(const CallContext& call, const ImportRequest& request,
                                         ImportListener& listener) {
  SATCHEL_RETURN_IF_ERROR(CheckSourceName(request.source_name));
  ImportSession session(call, request, listener);
  if (request.mode == ImportMode::kRollback) {
    SATCHEL_RETURN_IF_ERROR(RollbackRun(session, metadata_, book_, objects_).Run());
    return session.report();
  }
  SATCHEL_ASSIGN_OR_RETURN(const std::unique_ptr<LegacySource> source,
                           sources_.Open(call, request.source));
  if (request.source_name_is_default) {
    SATCHEL_RETURN_IF_ERROR(CheckSameSource(session, *source, book_, limits_.file_size_max));
  }
  SourceWalk walk(*source, book_, request.source_name, limits_.file_size_max);
  RowPlanner planner(metadata_, book_, request.source_name, limits_.default_quota,
                     limits_.file_size_max);
  if (request.mode == ImportMode::kVerify) {
    VerifyRun verify(session, metadata_, objects_, planner);
    SATCHEL_RETURN_IF_ERROR(Walk(session, *source, walk,
                                 [&](const SourceGroup& group) { return verify.Handle(group); }));
    return session.report();
  }
  // Before the first row, and in a plan too: what is not accepted here are all rows.
  SATCHEL_RETURN_IF_ERROR(
      uploader_.CheckType(FilenameOf(std::nullopt, 0), std::string(kImportMimeType)));
  ImportRun import(session, metadata_, objects_, uploader_, planner);
  SATCHEL_RETURN_IF_ERROR(
      Walk(session, *source, walk, [&](const SourceGroup& group) { return import.Handle(group); }));
  if (request.mode == ImportMode::kPlan) {
    for (const TeacherTotals& teacher : planner.teachers()) session.Teacher(teacher);
  }
  return session.report();
}

}  // namespace satchel
