/// What an import from another program's table is asked for, and what it tells.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong_string.h"
#include "ports/legacy_source.h"

namespace satchel {

enum class ImportMode : std::uint8_t {
  kPlan,      ///< says what an import would do; writes nothing
  kImport,    ///< stores what is not stored yet
  kVerify,    ///< compares the bytes of every row with those of its document; writes nothing
  kRollback,  ///< removes the documents that imports have made; does not ask the source
};

struct ImportRequest {
  ImportMode mode = ImportMode::kPlan;
  LegacySourceSpec source;
  std::string source_name;              ///< in the import book
  bool source_name_is_default = false;  ///< nobody has chosen it
  int jobs = 1;                         ///< rows at the same time
};

/// What becomes of a row, or of one thing about it.
enum class RowVerdict : std::uint8_t {
  // The row is imported, but not quite as it stands:
  kNameChanged,  ///< `source` is no document's name
  kNameClash,    ///< the name is taken: the row's id goes into it
  kTimeUnknown,  ///< no valid time: 1970-01-01
  // The row was imported, and something has happened since:
  kDeletedSince,  ///< the document was deleted; it is not imported again
  kSourceGone,    ///< the row is not in the table any more
  // The row is not imported:
  kTeacherMissing,
  kTeacherInvalid,  ///< no user id
  kTextMissing,
  kTextEmpty,
  kTextInvalid,  ///< no UTF-8, or it has a NUL
  kTooLarge,
  kOverQuota,
  kNameTaken,     ///< and so are the names with its id in them
  kChangedSince,  ///< the row is not what was imported under its id
  // Only from kVerify:
  kNotImported,  ///< though it could be
  kDiffers,      ///< the document is not what the row says
};

/// "name_clash" and so on: for machines.
std::string_view NameOf(RowVerdict verdict);
/// Whether the row's text is not stored as it should be, so that somebody has to act.
bool IsProblem(RowVerdict verdict);
/// Whether the row cannot be imported as it stands.
bool IsRefusal(RowVerdict verdict);

struct RowNote {
  std::int64_t row_id = 0;
  RowVerdict verdict = RowVerdict::kNameChanged;
  std::string teacher;  ///< as in the source, valid UTF-8, cut
  DocumentId document;  ///< empty: there is none
  std::string detail;   ///< for people
};

struct ImportProgress {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::int64_t rows_total = 0;
  std::int64_t bytes_total = 0;
};

/// What the rows of one teacher come to.
struct TeacherTotals {
  UserId user;
  std::int64_t rows = 0;  ///< to import
  std::int64_t bytes = 0;
  std::int64_t used_bytes = 0;  ///< stored before
  std::int64_t quota_bytes = 0;
  std::int64_t rows_over_quota = 0;
  std::int64_t bytes_over_quota = 0;
};

/// What a run came to. Rows are counted once, but for names and times, which are extra.
struct ImportReport {
  std::int64_t rows = 0;        ///< in the source; kRollback: in the book
  std::int64_t bytes = 0;       ///< of their texts
  std::int64_t importable = 0;  ///< kPlan: to be imported
  std::int64_t importable_bytes = 0;
  std::int64_t imported = 0;  ///< by this run
  std::int64_t imported_bytes = 0;
  std::int64_t imported_before = 0;
  std::int64_t verified = 0;  ///< documents equal to their rows
  std::int64_t verified_bytes = 0;
  std::int64_t removed = 0;  ///< by this rollback
  std::int64_t removed_bytes = 0;
  std::int64_t deleted_since = 0;
  std::int64_t source_gone = 0;
  std::int64_t names_changed = 0;
  std::int64_t name_clashes = 0;
  std::int64_t times_unknown = 0;
  std::int64_t refused = 0;  ///< rows with a verdict that IsRefusal()
  std::int64_t changed_since = 0;
  std::int64_t not_imported = 0;
  std::int64_t differs = 0;
  /// kRollback, when the book has nothing of the source: those that it has.
  std::vector<std::string> other_sources;

  /// Rows with a verdict that IsProblem().
  std::int64_t problems() const { return refused + changed_since + not_imported + differs; }
};

/// Called by one thread at a time.
class ImportListener {
 public:
  virtual ~ImportListener() = default;
  virtual void OnNote(const RowNote& note) = 0;
  /// kPlan: at its end, by user id.
  virtual void OnTeacher(const TeacherTotals& teacher) = 0;
  virtual void OnProgress(const ImportProgress& progress) = 0;
};

}  // namespace satchel
