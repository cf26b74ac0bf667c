#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace satchel::cli {

/// Aligned rows, in batches: columns only ever get wider, so that pages can be shown as they come.
class Table {
 public:
  struct Column {
    std::string title;
    bool right_aligned = false;
  };

  /// Cells are taken as they are: escape foreign text before.
  explicit Table(std::vector<Column> columns);

  void AddRow(std::vector<std::string> cells);
  /// The rows added since the last call, below the titles when it is the first.
  std::string TakeText();

 private:
  std::string Line(const std::vector<std::string>& cells) const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
  bool titles_shown_ = false;
};

}  // namespace satchel::cli
