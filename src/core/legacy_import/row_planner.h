/// Decides, in the order of the rows, which of them are imported and under which names.
///
/// The same rows over the same store always get the same decisions, whichever run asks: an import
/// that was killed goes on with the names that it had begun with.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"
#include "core/legacy_import/import_report.h"
#include "core/legacy_import/source_walk.h"
#include "ports/import_book.h"
#include "ports/metadata_store.h"

namespace satchel {

/// A row that is to be imported.
struct PlannedRow {
  const SourceText* source = nullptr;
  UserId user;
  DocumentId id;
  std::string filename;
  Timestamp created_at;
  /// Used when somebody else takes the name meanwhile: "notes_17.txt", "notes_17_3f2c91ab.txt".
  std::vector<std::string> other_names;
};

/// Not thread-safe. Holds some bytes for each row and each user that it has seen. What it is given
/// must outlive it.
class RowPlanner {
 public:
  RowPlanner(MetadataStore& metadata, ImportBook& book, std::string source_name,
             std::int64_t default_quota, std::int64_t file_size_max)
      : metadata_(metadata),
        book_(book),
        source_name_(std::move(source_name)),
        default_quota_(default_quota),
        file_size_max_(file_size_max) {}

  /// Plans those of the group's rows that are not in the import book. Adds to `notes` what there is
  /// to say. The planned rows refer to `group`.
  Result<std::vector<PlannedRow>> Plan(const CallContext& call, const SourceGroup& group,
                                       std::vector<RowNote>& notes);
  /// So far, by user id.
  std::vector<TeacherTotals> teachers() const;

 private:
  struct Holders;

  std::optional<PlannedRow> Accept(const SourceText& row, std::vector<RowNote>& notes) const;
  Result<bool> FitsQuota(const CallContext& call, const PlannedRow& row,
                         std::vector<RowNote>& notes);
  Result<bool> TakeName(const CallContext& call, PlannedRow& row, Holders& holders,
                        std::vector<RowNote>& notes);
  Status FindHolders(const CallContext& call, const std::vector<PlannedRow>& rows,
                     Holders& holders);

  MetadataStore& metadata_;
  ImportBook& book_;
  const std::string source_name_;
  const std::int64_t default_quota_;
  const std::int64_t file_size_max_;
  std::map<UserId, TeacherTotals> teachers_;
  /// Hashes of the names given. That two names have one is harmless: the second gets its row's id.
  std::unordered_set<std::size_t> names_;
};

}  // namespace satchel
