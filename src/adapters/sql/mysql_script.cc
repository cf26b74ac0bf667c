#include "adapters/sql/mysql_script.h"

#include <algorithm>
#include <cstddef>

namespace satchel {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

bool IsBlank(char c) { return kBlanks.find(c) != std::string_view::npos; }

/// Reads over what one character of SQL may begin: a string, a name, a comment.
class Scanner {
 public:
  explicit Scanner(std::string_view script) : script_(script) {}

  bool done() const { return at_ >= script_.size(); }
  std::size_t at() const { return at_; }
  char current() const { return script_[at_]; }

  /// Steps over one token; true when it was SQL, false for blanks and comments.
  bool Step() {
    const std::string_view rest = script_.substr(at_);
    if (IsBlank(current())) return Skip(1);
    if (current() == '#' || IsDashComment(rest)) return SkipTo("\n", 0);
    if (rest.starts_with("/*")) {
      const bool executed = rest.starts_with("/*!") || rest.starts_with("/*M!");
      SkipTo("*/", 2);
      return executed;
    }
    if (current() == '\'' || current() == '"' || current() == '`') {
      SkipQuoted();
    } else {
      ++at_;
    }
    return true;
  }

 private:
  /// MySQL wants a blank after the dashes: 5--1 is arithmetic.
  static bool IsDashComment(std::string_view rest) {
    return rest.starts_with("--") && (rest.size() == 2 || IsBlank(rest[2]));
  }

  bool Skip(std::size_t count) {
    at_ += count;
    return false;
  }

  /// To behind the next `end` that begins `after` characters from here, or to the script's end.
  bool SkipTo(std::string_view end, std::size_t after) {
    const std::size_t found = script_.find(end, at_ + after);
    at_ = found == std::string_view::npos ? script_.size() : found + end.size();
    return false;
  }

  /// A doubled quote ends one quoted text and begins the next, which comes to the same.
  void SkipQuoted() {
    const char quote = current();
    for (++at_; !done() && current() != quote; ++at_) {
      if (current() == '\\' && quote != '`') ++at_;
    }
    at_ = std::min(at_ + 1, script_.size());
  }

  const std::string_view script_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string_view> SplitMysqlScript(std::string_view script) {
  std::vector<std::string_view> statements;
  Scanner scanner(script);
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t first = kNone;  // where the statement's SQL begins
  std::size_t last = 0;       // where it ends
  while (!scanner.done()) {
    const std::size_t start = scanner.at();
    const bool ends = scanner.current() == ';';
    const bool sql = scanner.Step();
    if (!ends && sql) {
      if (first == kNone) first = start;
      last = scanner.at();
    }
    if (first == kNone || !(ends || scanner.done())) continue;
    statements.push_back(script.substr(first, last - first));
    first = kNone;
  }
  return statements;
}

}  // namespace satchel
