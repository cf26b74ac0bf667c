/// Reads the legacy table from its first row to its last, a few megabytes at a time, beside what
/// the import book says of the same rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"
#include "ports/import_book.h"
#include "ports/legacy_source.h"

namespace satchel {

/// A row with its text.
struct SourceText {
  LegacyRow row;
  std::string text;  ///< empty for NULL, and for one larger than any document
};

/// Some rows, in the order of their ids.
struct SourceGroup {
  std::vector<SourceText> rows;
  std::unordered_map<std::int64_t, ImportEntry> imported;  ///< by row id; of these rows
  std::vector<ImportEntry> gone;  ///< imported, but not in the table any more
};

/// Not thread-safe. What it is given must outlive it.
class SourceWalk {
 public:
  /// Texts above `file_size_max` bytes are not read.
  SourceWalk(LegacySource& source, ImportBook& book, std::string source_name,
             std::int64_t file_size_max)
      : source_(source),
        book_(book),
        source_name_(std::move(source_name)),
        file_size_max_(file_size_max) {}

  /// nullopt: that was all.
  Result<std::optional<SourceGroup>> Next(const CallContext& call);
  /// Of the groups so far.
  std::int64_t rows_read() const { return rows_read_; }

 private:
  std::vector<LegacyRow> TakeRows();
  Status ReadTexts(const CallContext& call, SourceGroup& group);
  Status ReadEntries(const CallContext& call, std::optional<std::int64_t> until,
                     SourceGroup& group);

  LegacySource& source_;
  ImportBook& book_;
  const std::string source_name_;
  const std::int64_t file_size_max_;
  std::vector<LegacyRow> rows_;              ///< read and not yet taken
  std::size_t taken_ = 0;                    ///< of rows_
  std::optional<std::int64_t> last_row_;     ///< the last one read
  std::optional<std::int64_t> last_handed_;  ///< the last one of the groups so far
  std::int64_t rows_read_ = 0;
  bool ended_ = false;
};

}  // namespace satchel
