#include "core/legacy_import/row_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "base/identifiers.h"
#include "base/limits.h"
#include "core/names.h"

namespace satchel {
namespace {

constexpr std::int64_t kSizeMax = 100;  ///< bytes

LegacyRow GoodRow() {
  return {.id = 17,
          .teacher = "ada",
          .source = "notes.txt",
          .timestamp = "2024-05-01 12:00:00.123456",
          .text_bytes = 10};
}

std::string TimeOf(std::string_view text) {
  const std::optional<Timestamp> time = ParseLegacyTime(text);
  return time ? FormatTimestamp(*time) : "none";
}

TEST(RowRules, TakesAGoodRowAsItIs) {
  std::vector<RowNote> notes;
  EXPECT_FALSE(RefuseRow(GoodRow(), kSizeMax));
  EXPECT_FALSE(RefuseText(GoodRow(), "text ü"));
  const RowDocument document = DocumentOfRow(GoodRow(), notes);
  EXPECT_EQ(document.filename, "notes.txt");
  EXPECT_EQ(FormatTimestamp(document.created_at), "2024-05-01T12:00:00.123Z");
  EXPECT_TRUE(notes.empty());
}

TEST(RowRules, RefusesWhatCannotBeADocument) {
  const auto verdict = [](LegacyRow row) {
    const std::optional<RowNote> note = RefuseRow(row, kSizeMax);
    return note ? NameOf(note->verdict) : "none";
  };
  LegacyRow row = GoodRow();
  row.teacher.reset();
  EXPECT_EQ(verdict(row), "teacher_missing");
  row.teacher = "";
  EXPECT_EQ(verdict(row), "teacher_missing");
  for (const std::string& teacher : {std::string("a/b"), std::string(kNameBytesMax + 1, 'x'),
                                     std::string("\xff"), std::string("a\nb"), std::string("..")}) {
    row.teacher = teacher;
    EXPECT_EQ(verdict(row), "teacher_invalid") << teacher;
  }
  row = GoodRow();
  row.text_bytes.reset();
  EXPECT_EQ(verdict(row), "text_missing");
  row.text_bytes = 0;
  EXPECT_EQ(verdict(row), "text_empty");
  row.text_bytes = kSizeMax;
  EXPECT_EQ(verdict(row), "none");
  row.text_bytes = kSizeMax + 1;
  EXPECT_EQ(verdict(row), "too_large");
}

TEST(RowRules, RefusesTextThatIsNone) {
  for (const std::string& text :
       {std::string("\xff"), std::string("a\xed\xa0\x80z"), std::string("a\0b", 3)}) {
    const std::optional<RowNote> note = RefuseText(GoodRow(), text);
    ASSERT_TRUE(note);
    EXPECT_EQ(note->verdict, RowVerdict::kTextInvalid);
    EXPECT_EQ(note->row_id, 17);
    EXPECT_EQ(note->teacher, "ada");
  }
}

TEST(RowRules, MakesEveryNameADocumentsName) {
  const std::string umlauts = [] {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "ü";
    return text;
  }();
  const std::vector<std::pair<std::string, std::string>> names = {
      {"", "context_17.txt"},
      {" \t ", "context_17.txt"},
      {".", "context_17.txt"},
      {"..", "context_17.txt"},
      {"...", "....txt"},
      {".txt", ".txt.txt"},
      {"NOTES.TXT", "NOTES.TXT"},
      {"README", "README.txt"},
      {"scan.pdf", "scan.pdf.txt"},
      {"a/b\\c.txt", "a_b_c.txt"},
      {"../../etc/passwd", ".._.._etc_passwd.txt"},
      {"a\nb\x7f.txt", "a_b_.txt"},
      {"\xff\xfe.txt", "__.txt"},
      {"a\xe2\x80\xae"
       "b.txt",
       "a_b.txt"},
      {"\xf0\x9f\x8e\x93.txt", "\xf0\x9f\x8e\x93.txt"},
      {std::string(300, 'x'), std::string(251, 'x') + ".txt"},
      {umlauts, umlauts.substr(0, 250) + ".txt"},
  };
  for (const auto& [source, expected] : names) {
    const std::string name = FilenameOf(source, 17);
    EXPECT_EQ(name, expected);
    FieldChecker checker;
    checker.CheckFilename(name);
    EXPECT_TRUE(checker.status().ok()) << name;
  }
  EXPECT_EQ(FilenameOf(std::nullopt, -3), "context_-3.txt");
}

TEST(RowRules, TellsNamesApart) {
  EXPECT_EQ(DistinctName("notes.txt", "17"), "notes_17.txt");
  EXPECT_EQ(DistinctName("NOTES.TXT", "17"), "NOTES_17.TXT");
  const std::string cut = DistinctName(std::string(251, 'x') + ".txt", "17");
  EXPECT_EQ(cut, std::string(248, 'x') + "_17.txt");
  EXPECT_EQ(cut.size(), kFilenameBytesMax);
}

TEST(RowRules, ReadsTimes) {
  EXPECT_EQ(TimeOf("2024-05-01 12:00:00.123456"), "2024-05-01T12:00:00.123Z");
  EXPECT_EQ(TimeOf("2024-05-01T12:00:00.9999999Z"), "2024-05-01T12:00:00.999Z");
  EXPECT_EQ(TimeOf("2024-05-01 12:00:00.5"), "2024-05-01T12:00:00.500Z");
  EXPECT_EQ(TimeOf("2024-05-01 12:00"), "2024-05-01T12:00:00.000Z");
  EXPECT_EQ(TimeOf("2024-05-01"), "2024-05-01T00:00:00.000Z");
  EXPECT_EQ(TimeOf("2024-05-01 01:30:00+05:30"), "2024-04-30T20:00:00.000Z");
  EXPECT_EQ(TimeOf("2024-05-01 23:30:00-02"), "2024-05-02T01:30:00.000Z");
  EXPECT_EQ(TimeOf("2024-05-01 12:00:00+0000"), "2024-05-01T12:00:00.000Z");
  EXPECT_EQ(TimeOf("1969-12-31 23:59:59"), "1969-12-31T23:59:59.000Z");
  EXPECT_EQ(TimeOf("1714564800"), "2024-05-01T12:00:00.000Z");
  EXPECT_EQ(TimeOf("1714564800123"), "2024-05-01T12:00:00.123Z");
}

TEST(RowRules, TakesNoTimeForWhatIsNone) {
  for (const char* const text :
       {"", "yesterday", "0000-00-00 00:00:00", "2024-02-30", "2024-05-01 24:00:00",
        "2024-05-01 12:60", "2024-05-01 12:00:00.", "2024-05-01 12:00:00 UTC",
        "2024-05-01 12:00:00+99", "2024-05-01x12:00", "infinity", "-infinity",
        "0044-03-15 12:00:00 BC", "0999-12-31", "12024-05-01", "2024", "20240501",
        "99999999999999999999", "2024-05-01 12:00:00+05:30:00"}) {
    EXPECT_EQ(TimeOf(text), "none") << text;
  }
}

TEST(RowRules, SaysWhichTimeItDoesNotKnow) {
  std::vector<RowNote> notes;
  LegacyRow row = GoodRow();
  row.timestamp = "yesterday";
  EXPECT_EQ(DocumentOfRow(row, notes).created_at, Timestamp());
  row.timestamp.reset();
  EXPECT_EQ(DocumentOfRow(row, notes).created_at, Timestamp());
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[0].verdict, RowVerdict::kTimeUnknown);
  EXPECT_NE(notes[0].detail.find("`yesterday`"), std::string::npos);
  EXPECT_NE(notes[1].detail.find("NULL"), std::string::npos);
}

TEST(RowRules, GivesARowTheSameIdAlwaysAndAnotherRowAnother) {
  const DocumentId id = DocumentIdOf("sqlite:a.db/rag_context", 17);
  EXPECT_TRUE(IsUuid(id.value())) << id.value();
  EXPECT_EQ(id.value()[14], '8');
  EXPECT_EQ(id, DocumentIdOf("sqlite:a.db/rag_context", 17));
  EXPECT_NE(id, DocumentIdOf("sqlite:a.db/rag_context", 18));
  EXPECT_NE(id, DocumentIdOf("sqlite:b.db/rag_context", 17));
}

}  // namespace
}  // namespace satchel
