#include "transport/http/link_handler.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "unit/http/link_fixture.h"
#include "unit/http/memory_object.h"

namespace satchel::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(LinkHandlerTest, SendsTheDocumentWithAllItsHeaders) {
  const std::string content = Pattern(100'000);
  const Document document = Store("Übung (1).pdf", content);
  const HttpAnswer answer = Get(Link(document));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_TRUE(answer.body == content);
  EXPECT_EQ(answer.headers.at("content-length"), "100000");
  EXPECT_EQ(answer.headers.at("content-type"), "application/pdf");
  EXPECT_EQ(answer.headers.at("content-disposition"),
            "attachment; filename=\"_bung (1).pdf\"; filename*=UTF-8''%C3%9Cbung%20%281%29.pdf");
  EXPECT_EQ(answer.headers.at("etag"), '"' + document.sha256.value() + '"');
  EXPECT_EQ(answer.headers.at("last-modified"), "Fri, 15 Jan 2027 08:00:00 GMT");
  EXPECT_EQ(answer.headers.at("accept-ranges"), "bytes");
  EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.headers.at("cache-control"), "private, no-store");
  EXPECT_EQ(answer.headers.at("content-security-policy"), "default-src 'none'; sandbox");
  EXPECT_EQ(answer.headers.at("referrer-policy"), "no-referrer");
}

TEST_F(LinkHandlerTest, HeadSaysTheSameWithoutTheBytes) {
  const Document document = Store("a.pdf", Pattern(1000));
  HttpClient client(port());
  HttpAnswer get = client.Get(Link(document));
  client.Request(Link(document), "", "HEAD");
  HttpAnswer head = client.Receive(false);
  EXPECT_EQ(head.status, 200U);
  get.headers.erase("date");
  head.headers.erase("date");
  EXPECT_EQ(head.headers, get.headers);
  EXPECT_EQ(client.Get(Link(document)).body.size(), 1000U) << "nothing is in between";
}

TEST_F(LinkHandlerTest, EveryFlippedByteIsForbidden) {
  const Document document = Store("a b+ü.pdf", "content");
  const std::string link = Link(document);
  HttpClient client(port());
  for (std::size_t i = 0; i < link.size(); ++i) {
    for (const char replacement : {'0', 'x', '%'}) {
      std::string changed = link;
      if (changed[i] == replacement) continue;
      changed[i] = replacement;
      // The parser of HTTP refuses a target that does not begin with a slash.
      const unsigned status = client.Get(changed).status;
      EXPECT_EQ(status, 403U) << changed;
      if (status != 403U) return;
    }
  }
  EXPECT_EQ(client.Get(link).status, 200U);
}

TEST_F(LinkHandlerTest, WithoutASignatureAllIsForbidden) {
  Store("a.pdf", "content");
  for (const char* target : {"/", "/d/", "/objects", "/favicon.ico", "//", "/?x=y", "/metrics", "*",
                             "/../../etc/passwd", "/%2e%2e/lock", "http://localhost/"}) {
    const HttpAnswer answer = Get(target);
    EXPECT_EQ(answer.status, 403U) << target;
    EXPECT_THAT(answer.body, HasSubstr("ask for a new one"));
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
  }
}

TEST_F(LinkHandlerTest, AnExpiredLinkIsForbidden) {
  const std::string link = Link(Store("a.pdf", "content"));
  clock_.Advance(std::chrono::minutes(31));
  const HttpAnswer answer = Get(link);
  EXPECT_EQ(answer.status, 403U);
  EXPECT_THAT(answer.body, HasSubstr("expired"));
}

TEST_F(LinkHandlerTest, WhatIsRefusedIsRecorded) {
  const Document document = Store("a.pdf", "content");
  const std::string link = Link(document);
  Get("/s3cr3t-target");
  Get(link, "If-Match: \"other\"\r\n");
  Get(link, "Range: bytes=7-\r\n");
  clock_.Advance(std::chrono::minutes(31));
  Get(link);
  const std::vector<Reason> reasons = {Reason::kPermissionDenied, Reason::kInvalidField,
                                       Reason::kOffsetOutOfRange, Reason::kPermissionDenied};
  const auto records = observer_.Records(reasons.size());
  ASSERT_EQ(records.size(), reasons.size());
  EXPECT_EQ(observer_.started, static_cast<int>(reasons.size()));
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    const CallRecord& record = records[i];
    EXPECT_EQ(record.status.reason(), reasons[i]) << record.status.ToString();
    EXPECT_EQ(record.operation, Operation::kDownload);
    EXPECT_EQ(record.request_id.size(), 32U);
    EXPECT_EQ(record.status.ToString().find("s3cr3t"), std::string::npos) << "never the target";
  }
  EXPECT_EQ(records[1].document_id, document.id.value());
  EXPECT_EQ(records[2].user_id, "alice");
}

TEST_F(LinkHandlerTest, WhatIsNotModifiedIsNoError) {
  const Document document = Store("a.pdf", "content");
  EXPECT_EQ(Get(Link(document), "If-None-Match: *\r\n").status, 304U);
  EXPECT_EQ(observer_.started, 0);
}

TEST_F(LinkHandlerTest, ADeletedDocumentIsNotFound) {
  const Document document = Store("a.pdf", "content");
  const std::string link = Link(document);
  documents_->Forget(document.id);
  EXPECT_EQ(Get(link).status, 404U);
  const auto records = observer_.Records(1);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records[0].status.Is(Reason::kDocumentNotFound));
}

struct RangeExpectation {
  std::string headers;
  unsigned status;
  std::size_t first = 0;
  std::size_t length = 0;
  std::string content_range;
};

TEST_F(LinkHandlerTest, FollowsTheTableOfRanges) {
  const std::string content = Pattern(1000);
  const Document document = Store("a.pdf", content);
  const std::string tag = '"' + document.sha256.value() + '"';
  const std::string date = "Fri, 15 Jan 2027 08:00:00 GMT";
  const std::string range = "Range: bytes=10-19\r\n";
  const std::vector<RangeExpectation> table = {
      {"Range: bytes=0-0\r\n", 206, 0, 1, "bytes 0-0/1000"},
      {"Range: bytes=990-\r\n", 206, 990, 10, "bytes 990-999/1000"},
      {"Range: bytes=-5\r\n", 206, 995, 5, "bytes 995-999/1000"},
      {"Range: bytes=990-2000\r\n", 206, 990, 10, "bytes 990-999/1000"},
      {"Range: bytes=1000-\r\n", 416, 0, 0, "bytes */1000"},
      {"Range: bytes=-0\r\n", 416, 0, 0, "bytes */1000"},
      {"Range: bytes=0-9,20-29\r\n", 200, 0, 1000, ""},
      {"Range: bytes=0-9\r\nRange: bytes=20-29\r\n", 200, 0, 1000, ""},
      {"Range: bytes=9-0\r\n", 200, 0, 1000, ""},
      {"Range: lines=1-2\r\n", 200, 0, 1000, ""},
      {range + "If-Range: " + tag + "\r\n", 206, 10, 10, "bytes 10-19/1000"},
      {range + "If-Range: " + date + "\r\n", 206, 10, 10, "bytes 10-19/1000"},
      {range + "If-Range: \"other\"\r\n", 200, 0, 1000, ""},
      {range + "If-Range: W/" + tag + "\r\n", 200, 0, 1000, ""},
      {range + "If-Match: " + tag + "\r\n", 206, 10, 10, "bytes 10-19/1000"},
      {range + "If-Match: \"other\"\r\n", 412, 0, 0, ""},
      {range + "If-None-Match: " + tag + "\r\n", 304, 0, 0, ""},
  };
  for (const RangeExpectation& expected : table) {
    const HttpAnswer answer = Get(Link(document), expected.headers);
    EXPECT_EQ(answer.status, expected.status) << expected.headers;
    if (expected.length != 0) {
      EXPECT_TRUE(answer.body == content.substr(expected.first, expected.length))
          << expected.headers;
    }
    const auto content_range = answer.headers.find("content-range");
    EXPECT_EQ(content_range == answer.headers.end() ? "" : content_range->second,
              expected.content_range)
        << expected.headers;
    EXPECT_EQ(answer.headers.at("etag"), tag);
  }
}

TEST_F(LinkHandlerTest, HeadIgnoresRanges) {
  const Document document = Store("a.pdf", Pattern(1000));
  HttpClient client(port());
  client.Request(Link(document), "Range: bytes=0-9\r\n", "HEAD");
  const HttpAnswer head = client.Receive(false);
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.headers.at("content-length"), "1000");
}

TEST_F(LinkHandlerTest, NotModifiedHasNoBody) {
  const Document document = Store("a.pdf", Pattern(1000));
  HttpClient client(port());
  const HttpAnswer answer =
      client.Get(Link(document), "If-None-Match: W/\"" + document.sha256.value() + "\"\r\n");
  EXPECT_EQ(answer.status, 304U);
  EXPECT_EQ(answer.body, "");
  EXPECT_FALSE(answer.headers.contains("content-length"));
  EXPECT_EQ(client.Get(Link(document)).body.size(), 1000U);
}

TEST_F(LinkHandlerTest, AnyNameIsCarriedAndBreaksNothing) {
  for (const std::string& name :
       {std::string("plain.pdf"), std::string("a b.pdf"), std::string("100% \"real\".pdf"),
        std::string("a+b#c?d&e=f;g.pdf"), std::string("試験 😀 Прüfung.pdf"),
        std::string("x\r\nSet-Cookie: a=b\r\n\r\n<html>.pdf"), std::string("\x01\x1B\x7F.pdf"),
        std::string("%0d%0aSet-Cookie:a=b.pdf"), std::string("\xFF\xC0\xAF.pdf"),
        std::string(255, 'n')}) {
    const HttpAnswer answer = Get(Link(Store(name, "content")));
    EXPECT_EQ(answer.status, 200U) << name;
    EXPECT_EQ(answer.body, "content") << name;
    EXPECT_FALSE(answer.headers.contains("set-cookie")) << name;
    if (IsValidUtf8(name) && name.find('\x01') == std::string::npos &&
        name.find('\r') == std::string::npos) {
      EXPECT_THAT(answer.headers.at("content-disposition"),
                  HasSubstr("filename*=UTF-8''" + PercentEncode(name)));
    }
  }
}

TEST_F(LinkHandlerTest, AForeignTypeBreaksNothing) {
  for (const std::string& type :
       {std::string(), std::string("text/html\r\nSet-Cookie: a=b"), std::string("a\nb"),
        std::string("text/plain, x"), std::string("\xFF")}) {
    Document document = Store("a.pdf", "content");
    document.mime_type = type;
    documents_->Put(document);
    const HttpAnswer answer = Get(Link(document));
    EXPECT_EQ(answer.headers.at("content-type"), "application/octet-stream") << type;
    EXPECT_FALSE(answer.headers.contains("set-cookie"));
  }
  Document document = Store("a.txt", "content");
  document.mime_type = "text/plain; charset=utf-8";
  documents_->Put(document);
  EXPECT_EQ(Get(Link(document)).headers.at("content-type"), "text/plain; charset=utf-8");
}

TEST_F(LinkHandlerTest, ARowWithoutAHashHasNoTag) {
  Document document = Store("a.pdf", "content");
  document.sha256 = ContentHash();
  documents_->Put(document);
  const HttpAnswer answer = Get(Link(document), "Range: bytes=0-1\r\n");
  EXPECT_EQ(answer.status, 206U);
  EXPECT_FALSE(answer.headers.contains("etag"));
}

TEST_F(LinkHandlerTest, ARunningDownloadSurvivesDeletion) {
  const std::string content = Pattern(20'000'000);
  const Document document = Store("a.pdf", content);
  HttpClient client(port(), 4096);
  client.Request(Link(document));
  const HttpAnswer head = client.Receive(false);
  EXPECT_EQ(head.status, 200U);
  documents_->Forget(document.id);
  ASSERT_TRUE(store_->Remove(call_, {document.object_key, document.version}).ok());
  client.FinishSending();
  bool closed = false;
  EXPECT_TRUE(client.ReceiveAll(&closed) == content);
}

TEST_F(LinkHandlerTest, ADownloadIsRecordedWhenItEnds) {
  const Document document = Store("a.pdf", "content");
  HttpClient client(port());
  EXPECT_EQ(client.Get(Link(document)).status, 200U);
  EXPECT_EQ(client.Get(Link(document), "Range: bytes=0-1\r\n").status, 206U);
  client.Request(Link(document), "", "HEAD");
  EXPECT_EQ(client.Receive(false).status, 200U);
  const auto records = observer_.Records(2);
  ASSERT_EQ(records.size(), 2U) << "HEAD sends nothing";
  EXPECT_EQ(observer_.started, 2);
  EXPECT_EQ(records[0].size, 7);
  EXPECT_EQ(records[1].size, 2) << "what was sent";
  for (const CallRecord& record : records) {
    EXPECT_EQ(record.operation, Operation::kDownload);
    EXPECT_EQ(record.document_id, document.id.value());
    EXPECT_EQ(record.user_id, "alice");
    EXPECT_EQ(record.filename, "a.pdf");
    EXPECT_EQ(record.request_id.size(), 32U);
    EXPECT_TRUE(record.status.ok());
    EXPECT_GT(record.duration.count(), 0);
  }
}

}  // namespace
}  // namespace satchel::testing
