#include "core/file_types.h"

#include <gtest/gtest.h>

#include <string>

namespace satchel {
namespace {

constexpr const char* kDocx =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
constexpr const char* kXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

class FileTypePolicyTest : public testing::Test {
 protected:
  /// The content that is expected of an accepted pair.
  ContentKind ContentOf(const std::string& filename, const std::string& mime_type) {
    const Result<AcceptedType> accepted = policy_.Accept(filename, mime_type);
    EXPECT_TRUE(accepted.ok()) << filename << " " << accepted.status().ToString();
    return accepted.ok() ? accepted->content : ContentKind::kNotInspected;
  }
  /// The field at fault.
  std::string FaultOf(const std::string& filename, const std::string& mime_type) {
    const Status refused = policy_.Accept(filename, mime_type).status();
    EXPECT_TRUE(refused.Is(Reason::kFileTypeNotAllowed)) << filename << " as " << mime_type;
    return refused.field_violations().empty() ? "" : refused.field_violations()[0].field;
  }

  const FileTypePolicy policy_{
      {"application/pdf", kDocx, kXlsx, "text/plain", "application/msword"},
      {"pdf", "doc", "docx", "txt", "xlsx"}};
};

TEST_F(FileTypePolicyTest, EachTypeHasItsExtensions) {
  EXPECT_EQ(ContentOf("a.pdf", "application/pdf"), ContentKind::kPdf);
  EXPECT_EQ(ContentOf("a.docx", kDocx), ContentKind::kZipPackage);
  EXPECT_EQ(ContentOf("a.xlsx", kXlsx), ContentKind::kZipPackage);
  EXPECT_EQ(ContentOf("a.txt", "text/plain"), ContentKind::kText);
  EXPECT_EQ(ContentOf("a.doc", "application/msword"), ContentKind::kOle2);
  EXPECT_EQ(ContentOf("a.doc", kDocx), ContentKind::kZipPackage) << ".doc also goes with DOCX";
}

TEST_F(FileTypePolicyTest, CaseAndParametersDoNotCount) {
  EXPECT_EQ(ContentOf("A.PDF", "Application/PDF"), ContentKind::kPdf);
  EXPECT_EQ(ContentOf("a.TxT", "text/plain; charset=utf-8"), ContentKind::kText);
  EXPECT_EQ(ContentOf("a.txt", " TEXT/PLAIN ;charset=x"), ContentKind::kText);
  EXPECT_EQ(policy_.Accept("a.txt", "TEXT/Plain; a=b").value().mime_type, "text/plain");
}

TEST_F(FileTypePolicyTest, TheLastExtensionCounts) {
  EXPECT_EQ(ContentOf("a.exe.pdf", "application/pdf"), ContentKind::kPdf);
  EXPECT_EQ(FaultOf("a.pdf.exe", "application/pdf"), "filename");
  EXPECT_EQ(FaultOf("pdf", "application/pdf"), "filename");
  EXPECT_EQ(FaultOf("a.", "application/pdf"), "filename");
  EXPECT_EQ(FaultOf("a.pdf ", "application/pdf"), "filename");
  EXPECT_EQ(ContentOf(".pdf", "application/pdf"), ContentKind::kPdf);
}

TEST_F(FileTypePolicyTest, RefusesWhatIsNotListedAndSaysWhich) {
  EXPECT_EQ(FaultOf("a.pdf", "image/png"), "mime_type");
  EXPECT_EQ(FaultOf("a.pdf", "application/pdfx"), "mime_type");
  EXPECT_EQ(FaultOf("a.pdf", ""), "mime_type");
  EXPECT_EQ(FaultOf("a.png", "application/pdf"), "filename");
}

TEST_F(FileTypePolicyTest, RefusesAnExtensionOfAnotherType) {
  EXPECT_EQ(FaultOf("a.pdf", "text/plain"), "filename");
  EXPECT_EQ(FaultOf("a.txt", "application/pdf"), "filename");
  EXPECT_EQ(FaultOf("a.docx", kXlsx), "filename");
  EXPECT_EQ(FaultOf("a.docx", "application/msword"), "filename");
  EXPECT_EQ(FaultOf("a.xlsx", "application/msword"), "filename");
}

TEST_F(FileTypePolicyTest, WhatAnOperatorAddsIsNotLookedInto) {
  const FileTypePolicy added({"image/png", "text/plain", "application/pdf"},
                             {"png", "md", "pdf", "txt"});
  EXPECT_EQ(added.Accept("a.png", "image/png").value().content, ContentKind::kNotInspected);
  EXPECT_EQ(added.Accept("a.md", "text/plain").value().content, ContentKind::kText);
  EXPECT_FALSE(added.Accept("a.pdf", "image/png").ok());
  EXPECT_FALSE(added.Accept("a.png", "application/pdf").ok());
}

}  // namespace
}  // namespace satchel
