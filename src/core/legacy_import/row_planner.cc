#include "core/legacy_import/row_planner.h"

#include <functional>
#include <unordered_map>
#include <utility>

#include "core/legacy_import/row_rules.h"
#include "ports/object_key.h"

namespace satchel {
namespace {

constexpr std::size_t kIdDigitsInName = 8;

std::string PathOf(const PlannedRow& row, const std::string& filename) {
  return DocumentPath(row.user, kImportCategory, filename, row.created_at);
}

}  // namespace

/// Who holds the names that were asked for, outside of this import.
struct RowPlanner::Holders {
  std::unordered_map<std::string, DocumentId> by_path;
};

Result<std::vector<PlannedRow>> RowPlanner::Plan(const CallContext& call, const SourceGroup& group,
                                                 std::vector<RowNote>& notes) {
  std::vector<PlannedRow> accepted;
  for (const SourceText& row : group.rows) {
    if (group.imported.contains(row.row.id)) continue;
    if (std::optional<PlannedRow> planned = Accept(row, notes)) {
      accepted.push_back(*std::move(planned));
    }
  }
  Holders holders;
  SATCHEL_RETURN_IF_ERROR(FindHolders(call, accepted, holders));
  std::vector<PlannedRow> planned;
  for (PlannedRow& row : accepted) {
    SATCHEL_ASSIGN_OR_RETURN(const bool fits, FitsQuota(call, row, notes));
    if (!fits) continue;
    SATCHEL_ASSIGN_OR_RETURN(const bool named, TakeName(call, row, holders, notes));
    if (!named) continue;
    TeacherTotals& teacher = teachers_[row.user];
    ++teacher.rows;
    teacher.bytes += static_cast<std::int64_t>(row.source->text.size());
    planned.push_back(std::move(row));
  }
  return planned;
}

std::optional<PlannedRow> RowPlanner::Accept(const SourceText& row,
                                             std::vector<RowNote>& notes) const {
  std::optional<RowNote> refusal = RefuseRow(row.row, file_size_max_);
  if (!refusal) refusal = RefuseText(row.row, row.text);
  if (refusal) {
    notes.push_back(*std::move(refusal));
    return std::nullopt;
  }
  RowDocument document = DocumentOfRow(row.row, notes);
  PlannedRow planned{.source = &row,
                     .user = UserId(*row.row.teacher),
                     .id = DocumentIdOf(source_name_, row.row.id),
                     .filename = std::move(document.filename),
                     .created_at = document.created_at,
                     .other_names = {}};
  const std::string tag = std::to_string(row.row.id);
  planned.other_names = {
      DistinctName(planned.filename, tag),
      DistinctName(planned.filename, tag + "_" + planned.id.value().substr(0, kIdDigitsInName))};
  return planned;
}

Status RowPlanner::FindHolders(const CallContext& call, const std::vector<PlannedRow>& rows,
                               Holders& holders) {
  std::vector<std::string> paths;
  paths.reserve(rows.size());
  for (const PlannedRow& row : rows) paths.push_back(PathOf(row, row.filename));
  SATCHEL_ASSIGN_OR_RETURN(const std::vector<Document> found, book_.FindNameHolders(call, paths));
  for (const Document& holder : found) {
    holders.by_path.emplace(PathOfKey(holder.object_key), holder.id);
  }
  return {};
}

Result<bool> RowPlanner::FitsQuota(const CallContext& call, const PlannedRow& row,
                                   std::vector<RowNote>& notes) {
  if (!teachers_.contains(row.user)) {
    SATCHEL_ASSIGN_OR_RETURN(const Usage usage, metadata_.GetUsage(call, row.user, default_quota_));
    teachers_[row.user] = {
        .user = row.user, .used_bytes = usage.total_bytes, .quota_bytes = usage.quota_bytes};
  }
  TeacherTotals& teacher = teachers_[row.user];
  const auto size = static_cast<std::int64_t>(row.source->text.size());
  if (size <= teacher.quota_bytes - teacher.used_bytes - teacher.bytes) return true;
  ++teacher.rows_over_quota;
  teacher.bytes_over_quota += size;
  notes.push_back(NoteOn(row.source->row, RowVerdict::kOverQuota,
                         std::to_string(size) + " bytes do not fit into the quota of " +
                             std::to_string(teacher.quota_bytes) + " bytes (satchel quota set)"));
  return false;
}

Result<bool> RowPlanner::TakeName(const CallContext& call, PlannedRow& row, Holders& holders,
                                  std::vector<RowNote>& notes) {
  const std::string wanted = row.filename;
  std::vector<std::string> candidates = std::exchange(row.other_names, {});
  candidates.insert(candidates.begin(), wanted);
  std::string holder_of_wanted;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string path = PathOf(row, candidates[i]);
    if (i > 0) {
      SATCHEL_ASSIGN_OR_RETURN(const std::vector<Document> found,
                               book_.FindNameHolders(call, {path}));
      for (const Document& holder : found) holders.by_path.emplace(path, holder.id);
    }
    const auto holder = holders.by_path.find(path);
    // What a killed run has left of this very row holds nothing.
    const bool held = holder != holders.by_path.end() && holder->second != row.id;
    if (i == 0 && held) holder_of_wanted = "document " + holder->second.value();
    if (held || !names_.insert(std::hash<std::string>()(path)).second) continue;
    row.filename = candidates[i];
    row.other_names.assign(candidates.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                           candidates.end());
    if (i == 0) return true;
    if (holder_of_wanted.empty()) holder_of_wanted = "an earlier row";
    notes.push_back(NoteOn(row.source->row, RowVerdict::kNameClash,
                           "`" + wanted + "` is the name of " + holder_of_wanted +
                               " of that day: `" + row.filename + "` is used"));
    return true;
  }
  notes.push_back(NoteOn(row.source->row, RowVerdict::kNameTaken,
                         "`" + wanted + "` and the names made of it are taken on that day"));
  return false;
}

std::vector<TeacherTotals> RowPlanner::teachers() const {
  std::vector<TeacherTotals> totals;
  totals.reserve(teachers_.size());
  for (const auto& [user, teacher] : teachers_) totals.push_back(teacher);
  return totals;
}

}  // namespace satchel
