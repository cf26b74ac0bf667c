/// How a row of the legacy table becomes a document. All functions are pure.
///
/// A row's teacher is its user, byte for byte: one that is no user id is refused, never changed.
/// Its text is its content, byte for byte. Its name and its time are made to fit where they do not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong_string.h"
#include "base/time.h"
#include "core/legacy_import/import_report.h"
#include "ports/legacy_source.h"

namespace satchel {

inline constexpr std::string_view kImportCategory = "rag_context";
inline constexpr std::string_view kImportMimeType = "text/plain";

/// A row as a document, before its name is compared with others.
struct RowDocument {
  std::string filename;
  Timestamp created_at;
};

/// What is wrong with a row before its text is looked at; nullopt: nothing. `file_size_max` in
/// bytes.
std::optional<RowNote> RefuseRow(const LegacyRow& row, std::int64_t file_size_max);
/// What is wrong with its text; nullopt: nothing.
std::optional<RowNote> RefuseText(const LegacyRow& row, std::string_view text);
/// The document; what had to be changed is added to `notes`.
RowDocument DocumentOfRow(const LegacyRow& row, std::vector<RowNote>& notes);

/// `source` as a document's name: what no name may hold becomes `_`, ".txt" is added unless it is
/// there, what is too long is cut before it. Without `source`: "context_{id}.txt".
std::string FilenameOf(const std::optional<std::string>& source, std::int64_t row_id);
/// The same name for a row that comes second: "notes.txt" and "17" make "notes_17.txt".
std::string DistinctName(std::string_view filename, std::string_view tag);

/// "2024-05-01 12:00:00.123456+02:00" and shorter forms, `T` for the space, `Z` for the zone; a
/// time without a zone is UTC. Digits alone are seconds since 1970, from 10^11 on milliseconds. Cut
/// to milliseconds. nullopt: no such time, or none in the years 1000 to 9999, which every database
/// can hold.
std::optional<Timestamp> ParseLegacyTime(std::string_view text);

/// The id of the document that a row becomes: the same in each run, so that a run finds what the
/// one before it left. A UUID version 8 from a SHA-256 (RFC 9562 appendix B.2).
DocumentId DocumentIdOf(std::string_view source_name, std::int64_t row_id);

/// A note about `row`.
RowNote NoteOn(const LegacyRow& row, RowVerdict verdict, std::string detail);

}  // namespace satchel
