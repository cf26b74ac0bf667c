#include "transport/http/http_server.h"

#include <gmock/gmock.h>

#include "transport/http/run_on.h"
#include "unit/http/http_fixture.h"

namespace satchel::testing {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

/// Tells the target and one header back.
boost::asio::awaitable<HttpResponse> Echo(const HttpRequest& request) {
  co_return HttpResponse::Text(
      200, request.method + " " + request.target + " " + request.Header("x-test").value_or("-"));
}

class HttpServerBasicsTest : public HttpServerTest {
 protected:
  void SetUp() override { Start(handler_); }
  FunctionHandler handler_{Echo};
};

TEST_F(HttpServerBasicsTest, AnswersManyRequestsOnOneConnection) {
  HttpClient client(port());
  for (int i = 0; i < 50; ++i) {
    const std::string target = "/" + std::to_string(i);
    const HttpAnswer answer = client.Get(target, "X-TEST: a\r\nx-test: b\r\n");
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.body, "GET " + target + " a, b\n");
    EXPECT_EQ(answer.headers.at("connection"), "keep-alive");
    EXPECT_TRUE(answer.headers.contains("date"));
  }
}

TEST_F(HttpServerBasicsTest, AnswersPipelinedRequestsInOrder) {
  HttpClient client(port());
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.Receive().body, "GET /" + std::to_string(i) + " -\n");
  }
}

TEST_F(HttpServerBasicsTest, TakesARequestByteByByte) {
  HttpClient client(port());
  for (const char c : std::string("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")) {
    ASSERT_TRUE(client.Send({&c, 1}));
  }
  EXPECT_EQ(client.Receive().body, "GET /slow -\n");
}

TEST_F(HttpServerBasicsTest, HeadHasTheHeadersOfGetAndNoBody) {
  HttpClient client(port());
  client.Request("/x", "", "HEAD");
  const HttpAnswer head = client.Receive(false);
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(std::string("HEAD /x -\n").size()));
  EXPECT_EQ(client.Get("/y").body, "GET /y -\n") << "nothing of a body is in between";
}

TEST_F(HttpServerBasicsTest, ClosesWhenAskedTo) {
  for (const char* request :
       {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    HttpClient client(port());
    client.Send(request);
    const HttpAnswer answer = client.Receive();
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.headers.at("connection"), "close");
    bool closed = false;
    EXPECT_EQ(client.ReceiveAll(&closed), "");
    EXPECT_TRUE(closed);
  }
}

TEST_F(HttpServerBasicsTest, KeepsAnHttp10ConnectionThatAsksForIt) {
  HttpClient client(port());
  for (int i = 0; i < 3; ++i) {
    client.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(client.Receive().status, 200U);
  }
}

TEST_F(HttpServerBasicsTest, OtherMethodsAreNotAllowed) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "get"}) {
    HttpClient client(port());
    client.Request("/", "", method);
    const HttpAnswer answer = client.Receive();
    EXPECT_EQ(answer.status, 405U) << method;
    EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD");
    EXPECT_EQ(client.Get("/x").status, 200U) << method;
  }
}

TEST_F(HttpServerBasicsTest, ABodyIsAnsweredAndNeverTakenForARequest) {
  for (const char* body :
       {"Content-Length: 30\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n....",
        "Transfer-Encoding: chunked\r\n\r\n1a\r\nGET /smuggled HTTP/1.1\r\n\r\n"}) {
    for (const char* method : {"GET", "POST"}) {
      HttpClient client(port());
      client.Send(std::string(method) + " / HTTP/1.1\r\nHost: x\r\n" + body);
      const HttpAnswer answer = client.Receive();
      EXPECT_EQ(answer.status, std::string(method) == "GET" ? 200U : 405U);
      EXPECT_EQ(answer.headers.at("connection"), "close");
      client.FinishSending();
      bool closed = false;
      EXPECT_EQ(client.ReceiveAll(&closed), "");
      EXPECT_TRUE(closed);
    }
  }
}

TEST_F(HttpServerBasicsTest, GarbageIsRefusedAndTheServerGoesOn) {
  for (const std::string& garbage :
       {std::string("GARBAGE\r\n\r\n"), std::string("GET  HTTP/1.1\r\n\r\n"),
        "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"s, std::string("GET / HTTP/1.1\r\n: empty\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                    "Content-Length: 5\r\n\r\n"),
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n"s,
        std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n")}) {
    HttpClient client(port());
    client.Send(garbage);
    EXPECT_EQ(client.Receive().status, 400U) << garbage;
  }
  for (const char* foreign : {"GET / HTTP/9.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    HttpClient client(port());
    client.Send(foreign);
    EXPECT_EQ(client.Receive().status, 505U) << foreign;
  }
  EXPECT_EQ(HttpClient(port()).Get("/").status, 200U);
}

TEST_F(HttpServerBasicsTest, AnOversizedHeadIsRefused) {
  for (const std::string& head :
       {"GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nX: " + std::string(1'000'000, 'a') + "\r\n\r\n",
        "GET / HTTP/1.1\r\n" +
            [] {
              std::string many;
              for (int i = 0; i < 20'000; ++i) many += "X: y\r\n";
              return many;
            }() +
            "\r\n"}) {
    HttpClient client(port());
    client.Send(head);
    EXPECT_EQ(client.Receive().status, 431U);
    EXPECT_EQ(HttpClient(port()).Get("/").status, 200U);
  }
}

TEST_F(HttpServerBasicsTest, ALongHeadWithinTheLimitIsTaken) {
  HttpClient client(port());
  const std::string target = "/" + std::string(4000, 'a');
  EXPECT_EQ(client.Get(target, "Cookie: " + std::string(8000, 'c') + "\r\n").body,
            "GET " + target + " -\n");
}

TEST_F(HttpServerBasicsTest, SaysWhichPortIsInUse) {
  HttpServerOptions options = options_;
  options.port = port();
  const auto second =
      HttpServer::Make(io_, workers_.get_executor(), handler_, log_, std::move(options));
  EXPECT_TRUE(second.status().Is(Reason::kConfigurationInvalid));
  EXPECT_THAT(second.status().message(),
              HasSubstr("HTTP_PORT " + std::to_string(port()) + " on 127.0.0.1 is in use"));
}

TEST_F(HttpServerBasicsTest, SaysWhichHostIsNone) {
  for (const char* host : {"no-such-host.invalid", "203.0.113.1"}) {
    HttpServerOptions options = options_;
    options.host = host;
    const auto other =
        HttpServer::Make(io_, workers_.get_executor(), handler_, log_, std::move(options));
    EXPECT_TRUE(other.status().Is(Reason::kConfigurationInvalid)) << host;
    EXPECT_THAT(other.status().message(), HasSubstr(host));
  }
}

TEST_F(HttpServerTest, WhatThrowsIsLoggedAndCostsOneConnection) {
  FunctionHandler handler([](const HttpRequest& request) {
    if (request.target == "/throw") throw std::bad_alloc();
    return Echo(request);
  });
  Start(handler);
  HttpClient client(port());
  client.Request("/throw");
  bool closed = false;
  EXPECT_EQ(client.ReceiveAll(&closed), "");
  EXPECT_TRUE(closed);
  EXPECT_EQ(HttpClient(port()).Get("/").status, 200U);
  EXPECT_THAT(log_.messages(), ::testing::ElementsAre(HasSubstr("exception")));
}

}  // namespace
}  // namespace satchel::testing
