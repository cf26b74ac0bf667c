#include "transport/http/http_message.h"

#include <gmock/gmock.h>

namespace satchel::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(HttpMessageTest, AResponseNamesWhatItIs) {
  const std::string head = HttpResponse::Text(404, "Gone.").Set("X-Test", "1").Head(true);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 404 Not Found\r\nDate: "));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nX-Test: 1\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Length: 6\r\n"));
  EXPECT_THAT(head, EndsWith("\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_THAT(HttpResponse(200).Head(false), EndsWith("\r\nConnection: close\r\n\r\n"));
}

TEST(HttpMessageTest, NotModifiedHasNoLength) {
  EXPECT_THAT(HttpResponse(304).Head(true), Not(HasSubstr("Content-Length")));
}

TEST(HttpMessageTest, NoValueBeginsAnotherHeader) {
  HttpResponse response(200);
  response.Set("X-Test", std::string("a\r\nSet-Cookie: x\n\ry\0z\t\x7F", 23));
  EXPECT_THAT(response.Head(true), HasSubstr("\r\nX-Test: a  Set-Cookie: x  y z  \r\n"));
}

TEST(HttpMessageTest, HeadersOfOneNameAreOneList) {
  const HttpRequest request{"GET", "/", {{"accept", "a"}, {"host", "x"}, {"accept", "b"}}};
  EXPECT_EQ(request.Header("accept"), "a, b");
  EXPECT_EQ(request.Header("host"), "x");
  EXPECT_EQ(request.Header("range"), std::nullopt);
}

TEST(HttpMessageTest, TheEndIsReportedOnce) {
  int calls = 0;
  HttpResponse response(200);
  response.OnSent([&](const Status&) { ++calls; });
  response.ReportSent({});
  response.ReportSent({});
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace satchel::testing
