#include "core/legacy_import/source_walk.h"

#include <iterator>
#include <utility>

namespace satchel {
namespace {

constexpr int kRowsAtOnce = 500;
constexpr std::int64_t kTextBytesAtOnce = 8 * 1024 * 1024;  ///< or one text that is larger
constexpr int kEntriesAtOnce = 1000;

}  // namespace

Result<std::optional<SourceGroup>> SourceWalk::Next(const CallContext& call) {
  if (ended_) return std::optional<SourceGroup>();
  if (taken_ == rows_.size()) {
    taken_ = 0;
    SATCHEL_ASSIGN_OR_RETURN(rows_, source_.ReadRows(call, last_row_, kRowsAtOnce));
    if (!rows_.empty()) last_row_ = rows_.back().id;
  }
  SourceGroup group;
  for (LegacyRow& row : TakeRows()) group.rows.push_back({std::move(row), {}});
  ended_ = group.rows.empty();
  rows_read_ += static_cast<std::int64_t>(group.rows.size());
  SATCHEL_RETURN_IF_ERROR(ReadTexts(call, group));
  std::optional<std::int64_t> until;
  if (!ended_) until = group.rows.back().row.id;
  SATCHEL_RETURN_IF_ERROR(ReadEntries(call, until, group));
  last_handed_ = until;
  return std::optional<SourceGroup>(std::move(group));
}

std::vector<LegacyRow> SourceWalk::TakeRows() {
  const std::size_t first = taken_;
  std::int64_t bytes = 0;
  while (taken_ < rows_.size()) {
    const std::int64_t size = rows_[taken_].text_bytes.value_or(0);
    // One that is too large stands alone, so that it is not among those whose texts are read.
    if (taken_ > first && (size > file_size_max_ || bytes + size > kTextBytesAtOnce)) break;
    ++taken_;
    bytes += size;
    if (size > file_size_max_) break;
  }
  const auto at = [this](std::size_t i) {
    return std::make_move_iterator(rows_.begin() + static_cast<std::ptrdiff_t>(i));
  };
  return {at(first), at(taken_)};
}

Status SourceWalk::ReadTexts(const CallContext& call, SourceGroup& group) {
  if (group.rows.empty()) return {};
  if (group.rows.front().row.text_bytes.value_or(0) > file_size_max_) return {};
  std::unordered_map<std::int64_t, SourceText*> by_id;
  for (SourceText& row : group.rows) by_id.emplace(row.row.id, &row);
  const auto keep = [&](std::int64_t id, std::string_view text) -> Status {
    // Where the source cannot hold its state still, rows may have come: the next run finds them.
    const auto found = by_id.find(id);
    if (found == by_id.end()) return {};
    found->second->text = text;
    found->second->row.text_bytes = static_cast<std::int64_t>(text.size());
    by_id.erase(found);
    return {};
  };
  SATCHEL_RETURN_IF_ERROR(
      source_.ReadTexts(call, group.rows.front().row.id, group.rows.back().row.id, keep));
  // And rows may have gone: what is left has no text.
  for (const auto& [id, row] : by_id) row->row.text_bytes.reset();
  return {};
}

Status SourceWalk::ReadEntries(const CallContext& call, std::optional<std::int64_t> until,
                               SourceGroup& group) {
  for (const SourceText& row : group.rows) group.imported.emplace(row.row.id, ImportEntry{});
  std::optional<std::int64_t> after = last_handed_;
  while (true) {
    SATCHEL_ASSIGN_OR_RETURN(
        std::vector<ImportEntry> entries,
        book_.ListImported(
            call,
            {.source = source_name_, .after = after, .until = until, .limit = kEntriesAtOnce}));
    if (entries.empty()) break;
    after = entries.back().row_id;
    for (ImportEntry& entry : entries) {
      const auto found = group.imported.find(entry.row_id);
      if (found == group.imported.end()) {
        group.gone.push_back(std::move(entry));
      } else {
        found->second = std::move(entry);
      }
    }
  }
  std::erase_if(group.imported, [](const auto& item) { return item.second.document.empty(); });
  return {};
}

}  // namespace satchel
