#include "adapters/s3/s3_xml.h"

#include <gtest/gtest.h>

#include <string>

#include "adapters/s3/s3_dates.h"

namespace satchel {
namespace {

TEST(S3Xml, AnError) {
  const auto error = ParseErrorBody(
      "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>not &lt;here&gt;</Message>"
      "</Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "NoSuchKey");
  EXPECT_EQ(error->message, "not <here>");
  EXPECT_FALSE(ParseErrorBody("<html><body>502 Bad Gateway</body></html>"));
  EXPECT_FALSE(ParseErrorBody("<Error></Error>"));
  EXPECT_FALSE(ParseErrorBody(""));
}

TEST(S3Xml, EntitiesOfADocumentTypeAreNeverExpanded) {
  const auto error = ParseErrorBody(
      "<!DOCTYPE Error [<!ENTITY secret SYSTEM \"file:///etc/passwd\"><!ENTITY a \"aaaa\">]>"
      "<Error><Code>X&secret;&a;</Code></Error>");
  ASSERT_TRUE(!error || error->code == "X&secret;&a;");
}

TEST(S3Xml, APageOfVersions) {
  const auto page = ParseVersionPage(
      "<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<IsTruncated>true</IsTruncated><NextKeyMarker>documents/x[minio_cache:v2]</NextKeyMarker>"
      "<Version><Key>documents/a &amp; b&#x20;</Key><VersionId>v1</VersionId>"
      "<LastModified>2026-11-25T19:00:00.123Z</LastModified><Size>5368709120</Size></Version>"
      "<DeleteMarker><Key>documents/x</Key><VersionId>v2</VersionId></DeleteMarker>"
      "</ListVersionsResult>");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->versions.size(), 1U);
  EXPECT_EQ(page->versions[0].object.key, "documents/a & b ");
  EXPECT_EQ(page->versions[0].object.version.value(), "v1");
  EXPECT_EQ(page->versions[0].size, 5368709120);
  EXPECT_EQ(FormatTimestamp(page->versions[0].modified_at), "2026-11-25T19:00:00.123Z");
  EXPECT_TRUE(page->truncated);
  EXPECT_EQ(page->last.key, "documents/x") << "a delete marker counts";
  EXPECT_EQ(page->last.version.value(), "v2");
}

TEST(S3Xml, KeysAreDecodedWhereTheListingSaysThatTheyAreEncoded) {
  const std::string version =
      "<Version><Key>documents/a+b%2Bc/%EF%BF%BF.txt</Key><VersionId>v</VersionId>"
      "<LastModified>2026-11-25T19:00:00Z</LastModified><Size>1</Size></Version>";
  const std::string encoded = "<EncodingType>url</EncodingType>";
  const auto page =
      ParseVersionPage("<ListVersionsResult>" + version + encoded + "</ListVersionsResult>");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->last.key, "documents/a b+c/\uFFFF.txt");
  EXPECT_EQ(ParseVersionPage("<ListVersionsResult>" + version + "</ListVersionsResult>")->last.key,
            "documents/a+b%2Bc/%EF%BF%BF.txt");
  const std::string upload =
      "<Upload><Key>a+%2B</Key><UploadId>u</UploadId><Initiated>2026-11-25T19:00:00Z</Initiated>"
      "</Upload></ListMultipartUploadsResult>";
  EXPECT_EQ(ParseUploadPage("<ListMultipartUploadsResult>" + encoded + upload)->uploads[0].key,
            "a +");
  EXPECT_EQ(ParseUploadPage("<ListMultipartUploadsResult>" + upload)->uploads[0].key, "a+%2B");
  std::string broken = "<ListVersionsResult>" + version + encoded + "</ListVersionsResult>";
  broken.replace(broken.find("%2B"), 3, "%z");
  EXPECT_FALSE(ParseVersionPage(broken));
}

// What a sweeper deletes by is never guessed.
TEST(S3Xml, AHalfListingIsNone) {
  EXPECT_FALSE(
      ParseVersionPage("<ListVersionsResult><Version><Key>documents/a</Key></Version>"
                       "</ListVersionsResult>"));
  EXPECT_FALSE(
      ParseVersionPage("<ListVersionsResult><IsTruncated>true</IsTruncated>"
                       "</ListVersionsResult>"));
  EXPECT_FALSE(ParseVersionPage("<ListVersionsResult><Version>"));
  EXPECT_FALSE(ParseVersionPage("<ListBucketResult></ListBucketResult>"));
  EXPECT_TRUE(ParseVersionPage("<ListVersionsResult/>"));
}

TEST(S3Xml, UploadsPartsAndWhatElseIsAskedFor) {
  const auto uploads = ParseUploadPage(
      "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>k</Key>"
      "<UploadId>u</UploadId><Initiated>2026-11-25T19:00:00Z</Initiated></Upload>"
      "</ListMultipartUploadsResult>");
  ASSERT_TRUE(uploads);
  ASSERT_EQ(uploads->uploads.size(), 1U);
  EXPECT_EQ(uploads->uploads[0].id.value(), "u");
  const auto parts = ParsePartPage(
      "<ListPartsResult><Part><PartNumber>10000</PartNumber><ETag>\"e\"</ETag>"
      "<ChecksumSHA256>c</ChecksumSHA256></Part></ListPartsResult>");
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->parts.size(), 1U);
  EXPECT_EQ(parts->parts[0].number, 10'000);
  EXPECT_EQ(parts->parts[0].etag, "\"e\"");
  EXPECT_EQ(ParseUploadId("<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                          "</InitiateMultipartUploadResult>"),
            UploadId("u"));
  EXPECT_EQ(ParseVersioningStatus("<VersioningConfiguration/>"), "");
  EXPECT_EQ(ParseVersioningStatus(
                "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
            "Enabled");
  EXPECT_TRUE(IsCompleteResult("  \n <CompleteMultipartUploadResult/>"));
  EXPECT_FALSE(IsCompleteResult("<Error><Code>InternalError</Code></Error>"));
}

TEST(S3Dates, AreReadInBothForms) {
  EXPECT_EQ(FormatTimestamp(ParseAnswerDate("Wed, 25 Nov 2026 19:05:09 GMT").value()),
            "2026-11-25T19:05:09.000Z");
  EXPECT_EQ(FormatTimestamp(ParseIsoDate("2026-11-25T19:05:09Z").value()),
            "2026-11-25T19:05:09.000Z");
  EXPECT_EQ(FormatTimestamp(ParseIsoDate("2026-11-25T19:05:09.987654321Z").value()),
            "2026-11-25T19:05:09.987Z");
  for (const char* text : {"", "Wed, 31 Feb 2026 19:05:09 GMT", "Wednesday, 25-Nov-26 19:05:09 GMT",
                           "Wed, 25 Nov 2026 25:05:09 GMT"}) {
    EXPECT_FALSE(ParseAnswerDate(text)) << text;
  }
  for (const char* text : {"", "2026-11-25", "2026-13-25T19:05:09Z", "2026-11-25T19:05:09.x1Z"}) {
    EXPECT_FALSE(ParseIsoDate(text)) << text;
  }
}

}  // namespace
}  // namespace satchel
