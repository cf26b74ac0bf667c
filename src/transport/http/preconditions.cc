#include "transport/http/preconditions.h"

#include <optional>
#include <string_view>

#include "base/text.h"
#include "transport/http/http_date.h"

namespace satchel {
namespace {

enum class Comparison : std::uint8_t { kStrong, kWeak };

/// Whether `etag` is in a list of entity tags, or the list is `*`. What is no tag matches nothing.
bool ListMatches(std::string_view list, const std::string& etag, Comparison comparison) {
  constexpr std::string_view kSeparators = " \t,";
  if (TrimAscii(list) == "*") return true;
  while (true) {
    const std::size_t start = list.find_first_not_of(kSeparators);
    if (start == std::string_view::npos) return false;
    list.remove_prefix(start);
    const bool weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    // A tag may hold commas: only its quotes delimit it.
    if (!list.starts_with('"')) return false;
    const std::size_t end = list.find('"', 1);
    if (end == std::string_view::npos) return false;
    const bool comparable = !etag.empty() && (!weak || comparison == Comparison::kWeak);
    if (comparable && list.substr(0, end + 1) == etag) return true;
    list.remove_prefix(end + 1);
  }
}

std::optional<std::chrono::sys_seconds> DateHeader(const HttpRequest& request,
                                                   std::string_view name) {
  const std::optional<std::string> value = request.Header(name);
  return value ? ParseHttpDate(*value) : std::nullopt;
}

}  // namespace

Precondition EvaluatePreconditions(const HttpRequest& request, const Validators& validators) {
  if (const auto tags = request.Header("if-match")) {
    if (!ListMatches(*tags, validators.etag, Comparison::kStrong)) return Precondition::kFailed;
  } else if (const auto date = DateHeader(request, "if-unmodified-since")) {
    if (validators.last_modified > *date) return Precondition::kFailed;
  }
  if (const auto tags = request.Header("if-none-match")) {
    if (ListMatches(*tags, validators.etag, Comparison::kWeak)) return Precondition::kNotModified;
  } else if (const auto date = DateHeader(request, "if-modified-since")) {
    if (validators.last_modified <= *date) return Precondition::kNotModified;
  }
  return Precondition::kHolds;
}

bool RangeMayApply(const HttpRequest& request, const Validators& validators) {
  const std::optional<std::string> condition = request.Header("if-range");
  if (!condition) return true;
  if (condition->find('"') != std::string::npos) {
    return !validators.etag.empty() && *condition == validators.etag;
  }
  return ParseHttpDate(*condition) == validators.last_modified;
}

}  // namespace satchel
