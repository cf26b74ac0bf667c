#include "core/legacy_import/source_check.h"

#include <optional>
#include <string>
#include <vector>

#include "core/legacy_import/import_runs.h"
#include "core/legacy_import/source_walk.h"

namespace satchel {
namespace {

constexpr std::int64_t kRowsToTell = 500;
/// Rows are changed now and then; and two databases may have been set up with the same first ones.
constexpr std::int64_t kSameRowsMin = 10;  ///< of a hundred

/// Rows that were imported, going by their ids.
struct Comparison {
  std::int64_t rows = 0;
  std::int64_t same = 0;

  void Add(const SourceGroup& group) {
    for (const SourceText& row : group.rows) {
      const auto entry = group.imported.find(row.row.id);
      const bool has_text = row.row.text_bytes == static_cast<std::int64_t>(row.text.size());
      if (entry == group.imported.end() || !has_text) continue;
      ++rows;
      if (IsUnchanged(row, entry->second)) ++same;
    }
  }
};

}  // namespace

Status CheckSameSource(const ImportSession& session, LegacySource& source, ImportBook& book,
                       std::int64_t file_size_max) {
  const std::string& name = session.request().source_name;
  SATCHEL_ASSIGN_OR_RETURN(
      const std::vector<ImportEntry> first,
      book.ListImported(session.call(), {.source = name, .after = {}, .until = {}, .limit = 1}));
  if (first.empty()) return {};
  SourceWalk walk(source, book, name, file_size_max);
  Comparison comparison;
  while (comparison.rows < kRowsToTell) {
    SATCHEL_RETURN_IF_ERROR(session.call().Check());
    SATCHEL_ASSIGN_OR_RETURN(const std::optional<SourceGroup> group, walk.Next(session.call()));
    if (!group) break;
    comparison.Add(*group);
  }
  if (comparison.same * 100 >= comparison.rows * kSameRowsMin) return {};
  return ConfigurationError(
      std::to_string(comparison.rows - comparison.same) + " of the " +
      std::to_string(comparison.rows) + " rows here whose ids were imported as " + name +
      " have another text or teacher now: this looks like another database of the same name, so "
      "give it a --source-name of its own; if it is the same, and its rows were changed, say "
      "--source-name '" +
      name + "'");
}

}  // namespace satchel
