#include "core/unreferenced_versions.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/time.h"
#include "core/names.h"
#include "ports/object_key.h"

namespace satchel {
namespace {

constexpr std::string_view kKeyPrefix = "documents/";
constexpr std::size_t kAttemptIdDigits = 32;
/// What one question to the database may name.
constexpr std::size_t kQuestionVersionsMax = 1000;

bool IsAttemptId(std::string_view text) {
  return text.size() == kAttemptIdDigits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

/// documents/{user}/{category}/{YYYY-MM-DD}/{filename}, each part by its own rules.
bool IsObjectKey(std::string_view object_key) {
  const std::string key = PathOfKey(object_key);
  if (!key.starts_with(kKeyPrefix)) return false;
  std::vector<std::string_view> parts;
  for (std::string_view rest = std::string_view(key).substr(kKeyPrefix.size());;) {
    const std::size_t slash = rest.find('/');
    parts.push_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (parts.size() != 4 || !ParseDay(parts[2])) return false;
  FieldChecker names;
  names.CheckUserId(parts[0]);
  names.CheckCategory(parts[1]);
  names.CheckFilename(parts[3]);
  return names.status().ok();
}

}  // namespace

bool IsDocumentVersion(const ObjectRef& object) {
  if (object.version.empty()) return false;
  return object.key.empty() ? IsAttemptId(object.version.value()) : IsObjectKey(object.key);
}

Result<std::vector<StoredVersion>> FilterUnreferenced(const CallContext& call,
                                                      MetadataStore& metadata,
                                                      const std::vector<StoredVersion>& versions) {
  std::vector<StoredVersion> ours;
  std::vector<ObjectRef> objects;
  std::vector<AttemptId> attempts;
  for (const StoredVersion& version : versions) {
    if (!IsDocumentVersion(version.object)) continue;
    ours.push_back(version);
    objects.push_back(version.object);
    // Where the version is the attempt, the row of an upload under way knows it by that alone.
    attempts.emplace_back(version.object.version.value());
  }
  if (ours.empty()) return ours;
  SATCHEL_ASSIGN_OR_RETURN(const std::vector<AttemptId> known,
                           metadata.FilterKnownAttempts(call, attempts));
  SATCHEL_ASSIGN_OR_RETURN(const std::vector<ObjectRef> referenced,
                           metadata.FilterReferencedVersions(call, objects));
  const std::unordered_set<AttemptId> known_attempts(known.begin(), known.end());
  const std::set<ObjectRef> referenced_objects(referenced.begin(), referenced.end());
  std::erase_if(ours, [&](const StoredVersion& version) {
    return referenced_objects.contains(version.object) ||
           known_attempts.contains(AttemptId(version.object.version.value()));
  });
  return ours;
}

namespace {

Status VisitPage(const CallContext& call, MetadataStore& metadata,
                 const std::vector<StoredVersion>& versions,
                 const std::function<Status(const StoredVersion&)>& visit) {
  for (std::size_t begin = 0; begin < versions.size(); begin += kQuestionVersionsMax) {
    const std::size_t count = std::min(kQuestionVersionsMax, versions.size() - begin);
    const auto first = versions.begin() + static_cast<std::ptrdiff_t>(begin);
    SATCHEL_ASSIGN_OR_RETURN(
        const std::vector<StoredVersion> unreferenced,
        FilterUnreferenced(call, metadata, {first, first + static_cast<std::ptrdiff_t>(count)}));
    for (const StoredVersion& version : unreferenced) SATCHEL_RETURN_IF_ERROR(visit(version));
  }
  return {};
}

}  // namespace

Result<std::int64_t> VisitUnreferenced(const CallContext& call, MetadataStore& metadata,
                                       ObjectStore& objects,
                                       const std::function<Status(const StoredVersion&)>& visit) {
  std::int64_t listed = 0;
  std::string cursor;
  do {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    SATCHEL_ASSIGN_OR_RETURN(StoredVersionPage page, objects.ListVersions(call, cursor));
    listed += static_cast<std::int64_t>(page.versions.size());
    SATCHEL_RETURN_IF_ERROR(VisitPage(call, metadata, page.versions, visit));
    if (!page.next_cursor.empty() && page.next_cursor == cursor) {
      return InternalError("the object store's listing does not advance");
    }
    cursor = std::move(page.next_cursor);
  } while (!cursor.empty());
  return listed;
}

}  // namespace satchel
