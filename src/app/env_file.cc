#include "app/env_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace satchel {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kExport = "export";

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

/// Walks over the text once; a bad line is reported and skipped, so that all problems are found.
class EnvFileParser {
 public:
  explicit EnvFileParser(std::string_view text) : text_(text) {
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  }

  EnvFileContent Parse() {
    while (position_ < text_.size()) ParseLine();
    return std::move(content_);
  }

 private:
  bool AtEnd() const { return position_ >= text_.size(); }
  bool AtLineEnd() const {
    return AtEnd() || text_[position_] == '\n' || text_.substr(position_).starts_with("\r\n") ||
           (text_[position_] == '\r' && position_ + 1 == text_.size());
  }
  void SkipBlanks() {
    while (!AtEnd() && IsBlank(text_[position_])) ++position_;
  }
  void SkipLine() {
    while (!AtEnd() && text_[position_] != '\n') ++position_;
    if (!AtEnd()) ++position_;
    ++line_;
  }
  void Problem(int line, std::string_view what) {
    content_.problems.push_back("line " + std::to_string(line) + ": " + std::string(what));
  }

  void ParseLine() {
    SkipBlanks();
    if (AtLineEnd() || text_[position_] == '#') return SkipLine();
    const int first_line = line_;
    const std::optional<std::string> key = ParseKey();
    if (!key) {
      Problem(first_line, "is not KEY=VALUE");
      return SkipLine();
    }
    std::optional<std::string> value = ParseValue(first_line);
    if (value && value->find('\0') != std::string::npos) {
      Problem(first_line, "the value holds a NUL character");
      value.reset();
    }
    if (value) content_.entries.push_back({*key, std::move(*value), first_line});
    SkipLine();
  }

  /// Leaves the position behind the `=`.
  std::optional<std::string> ParseKey() {
    std::string_view word = ParseWord();
    SkipBlanks();
    if (word == kExport && !AtEnd() && text_[position_] != '=') {
      word = ParseWord();
      SkipBlanks();
    }
    if (word.empty() || AtEnd() || text_[position_] != '=') return std::nullopt;
    ++position_;
    return std::string(word);
  }

  std::string_view ParseWord() {
    const std::size_t start = position_;
    while (!AtLineEnd() && !IsBlank(text_[position_]) && text_[position_] != '=' &&
           text_[position_] != '"' && text_[position_] != '\'' && text_[position_] != '\0') {
      ++position_;
    }
    return text_.substr(start, position_ - start);
  }

  std::optional<std::string> ParseValue(int first_line) {
    SkipBlanks();
    if (AtLineEnd()) return std::string();
    const char quote = text_[position_];
    if (quote != '"' && quote != '\'') return ParseUnquoted();
    const std::size_t start = position_;
    std::optional<std::string> value = ParseQuoted(quote);
    if (!value) {
      Problem(first_line, "the quote is never closed");
      // One forgotten quote must not hide what is wrong on the lines after it.
      position_ = start;
      line_ = first_line;
      return std::nullopt;
    }
    SkipBlanks();
    if (!AtLineEnd() && text_[position_] != '#') {
      Problem(line_, "has text behind the closing quote");
      return std::nullopt;
    }
    return value;
  }

  std::string ParseUnquoted() {
    const std::size_t start = position_;
    while (!AtLineEnd()) {
      if (text_[position_] == '#' && (position_ == start || IsBlank(text_[position_ - 1]))) break;
      ++position_;
    }
    return std::string(TrimAscii(text_.substr(start, position_ - start)));
  }

  std::optional<std::string> ParseQuoted(char quote) {
    std::string value;
    for (++position_; !AtEnd(); ++position_) {
      const char c = text_[position_];
      if (c == quote) {
        ++position_;
        return value;
      }
      if (c == '\r' && text_.substr(position_).starts_with("\r\n")) continue;
      if (c == '\n') ++line_;
      if (c == '\\' && quote == '"' && position_ + 1 < text_.size()) {
        if (const std::optional<char> escaped = Unescape(text_[position_ + 1])) {
          value.push_back(*escaped);
          ++position_;
          continue;
        }
      }
      value.push_back(c);
    }
    return std::nullopt;
  }

  static std::optional<char> Unescape(char c) {
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case '"':
      case '\\':
      case '$':
        return c;
      default:
        return std::nullopt;
    }
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int line_ = 1;
  EnvFileContent content_;
};

}  // namespace

EnvFileContent ParseEnvFile(std::string_view text) { return EnvFileParser(text).Parse(); }

Result<std::string> ReadTextFile(const std::string& path, std::size_t bytes_max) {
  return ReadTextFile(path, bytes_max, path);
}

Result<std::string> ReadTextFile(const std::string& path, std::size_t bytes_max,
                                 std::string_view name) {
  const std::string failed = "cannot read " + std::string(name) + ": ";
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return ConfigurationError(failed + "it is a folder");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return ConfigurationError(failed + std::strerror(errno));
  std::string text;
  char block[4096];
  while (file.read(block, sizeof(block)) || file.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(file.gcount()));
    if (text.size() > bytes_max) {
      return ConfigurationError(failed + "it is larger than " + std::to_string(bytes_max) +
                                " bytes");
    }
  }
  if (file.bad()) return ConfigurationError(failed + std::strerror(errno));
  return text;
}

}  // namespace satchel
