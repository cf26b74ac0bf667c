/// What the server does with clients that are slow, many, or gone, and when it stops.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <memory>

#include "transport/http/http_server.h"
#include "transport/http/run_on.h"
#include "unit/http/http_fixture.h"
#include "unit/http/memory_object.h"

namespace satchel::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// Far more than socket buffers take.
constexpr std::size_t kLargeBytes = 32 * 1024 * 1024;
constexpr int kSmallReceiveBuffer = 4096;

boost::asio::awaitable<HttpResponse> Fine(const HttpRequest&) {
  co_return HttpResponse::Text(200, "fine");
}

/// Serves one large object; tells how sending it ended.
class LargeObject {
 public:
  explicit LargeObject(bool with_descriptor, std::size_t stored_bytes = kLargeBytes,
                       Status failure = Status())
      : with_descriptor_(with_descriptor), stored_(Pattern(stored_bytes)), failure_(failure) {}

  boost::asio::awaitable<HttpResponse> Handle(const HttpRequest&) {
    HttpResponse response(200);
    response.SetObject({std::make_unique<MemoryReader>(stored_, 0, with_descriptor_, failure_), 0,
                        static_cast<std::int64_t>(kLargeBytes)});
    response.OnSent([this](const Status& status) { outcome_.set_value(status); });
    co_return response;
  }

  const std::string& stored() const { return stored_; }
  Status Outcome() {
    auto outcome = outcome_.get_future();
    return outcome.wait_for(seconds(10)) == std::future_status::ready
               ? outcome.get()
               : InternalError("sending did not end");
  }

 private:
  const bool with_descriptor_;
  const std::string stored_;
  const Status failure_;
  std::promise<Status> outcome_;
};

class HttpServerLimitsTest : public HttpServerTest {
 protected:
  void StartLarge(LargeObject& object) {
    handler_ = std::make_unique<FunctionHandler>(
        [&object](const HttpRequest& request) { return object.Handle(request); });
    Start(*handler_);
  }
  void StartFine() {
    handler_ = std::make_unique<FunctionHandler>(Fine);
    Start(*handler_);
  }
  /// Answers only after `gate_` was opened.
  void StartGated() {
    handler_ = std::make_unique<FunctionHandler>(
        [this](const HttpRequest&) { return AnswerBehindTheGate(); });
    Start(*handler_);
  }
  boost::asio::awaitable<HttpResponse> AnswerBehindTheGate() {
    entered_.set_value();
    auto wait = [this] { return gate_.get_future().wait_for(seconds(10)); };
    co_await RunOn(workers_.get_executor(), wait);
    co_return HttpResponse::Text(200, "late");
  }

  static void ExpectClosed(HttpClient& client) {
    bool closed = false;
    EXPECT_EQ(client.ReceiveAll(&closed), "");
    EXPECT_TRUE(closed);
  }

  ~HttpServerLimitsTest() override { server_.reset(); }

  std::promise<void> entered_;
  std::promise<void> gate_;
  std::unique_ptr<FunctionHandler> handler_;
};

TEST_F(HttpServerLimitsTest, SendsALargeFileWhole) {
  LargeObject object(true);
  StartLarge(object);
  EXPECT_TRUE(HttpClient(port()).Get("/").body == object.stored());
  EXPECT_TRUE(object.Outcome().ok());
}

TEST_F(HttpServerLimitsTest, SendsALargeObjectOfAStoreWithoutFilesWhole) {
  LargeObject object(false);
  StartLarge(object);
  EXPECT_TRUE(HttpClient(port()).Get("/").body == object.stored());
  EXPECT_TRUE(object.Outcome().ok());
}

TEST_F(HttpServerLimitsTest, CutsAClientThatNeverEndsItsHead) {
  options_.request_timeout = milliseconds(200);
  StartFine();
  HttpClient client(port());
  client.Send("GET / HTTP/1.1\r\nHost: x\r\nX: y");
  ExpectClosed(client);
}

TEST_F(HttpServerLimitsTest, DrippingBytesDoNotBuyTime) {
  options_.request_timeout = milliseconds(300);
  StartFine();
  HttpClient client(port());
  const auto start = steady_clock::now();
  client.Send("GET / HTTP/1.1\r\n");
  int bytes = 0;
  while (!client.WaitReadable(milliseconds(20)) && bytes < 500) {
    client.Send("X");
    ++bytes;
  }
  EXPECT_LT(bytes, 500);
  ExpectClosed(client);
  EXPECT_LT(steady_clock::now() - start, seconds(5));
  EXPECT_EQ(HttpClient(port()).Get("/").status, 200U);
}

TEST_F(HttpServerLimitsTest, ClosesIdleConnections) {
  options_.idle_timeout = milliseconds(200);
  StartFine();
  HttpClient silent(port());
  ExpectClosed(silent);
  HttpClient once(port());
  EXPECT_EQ(once.Get("/").status, 200U);
  ExpectClosed(once);
}

TEST_F(HttpServerLimitsTest, ASlowHandlerIsNotTheClientsFault) {
  options_.request_timeout = options_.stall_timeout = options_.idle_timeout = milliseconds(100);
  StartGated();
  HttpClient client(port());
  client.Request("/");
  entered_.get_future().wait();
  std::future<HttpAnswer> answer = std::async(std::launch::async, [&] { return client.Receive(); });
  EXPECT_EQ(answer.wait_for(milliseconds(400)), std::future_status::timeout)
      << "beyond all time limits of the connection, it is still there";
  gate_.set_value();
  EXPECT_EQ(answer.get().body, "late\n");
}

TEST_F(HttpServerLimitsTest, CutsAClientThatStopsReading) {
  options_.stall_timeout = milliseconds(200);
  LargeObject object(true);
  StartLarge(object);
  HttpClient client(port(), kSmallReceiveBuffer);
  client.Request("/");
  const Status outcome = object.Outcome();
  EXPECT_TRUE(outcome.Is(Reason::kDeadlineExceeded)) << outcome.ToString();
  bool closed = false;
  EXPECT_LT(client.ReceiveAll(&closed).size(), kLargeBytes);
  EXPECT_TRUE(closed);
}

TEST_F(HttpServerLimitsTest, CutsAClientThatStopsReadingFromAStoreWithoutFiles) {
  options_.stall_timeout = milliseconds(200);
  LargeObject object(false);
  StartLarge(object);
  HttpClient client(port(), kSmallReceiveBuffer);
  client.Request("/");
  const Status outcome = object.Outcome();
  EXPECT_TRUE(outcome.Is(Reason::kDeadlineExceeded)) << outcome.ToString();
}

TEST_F(HttpServerLimitsTest, NoticesAClientThatHangsUp) {
  LargeObject object(true);
  StartLarge(object);
  {
    HttpClient client(port(), kSmallReceiveBuffer);
    client.Request("/");
    EXPECT_EQ(client.Receive(false).status, 200U);
  }
  const Status outcome = object.Outcome();
  EXPECT_TRUE(outcome.Is(Reason::kCancelled)) << outcome.ToString();
}

TEST_F(HttpServerLimitsTest, ATruncatedObjectNeverLooksWhole) {
  LargeObject object(true, kLargeBytes / 2);
  StartLarge(object);
  HttpClient client(port());
  client.Request("/");
  bool closed = false;
  EXPECT_LE(client.ReceiveAll(&closed).size(), kLargeBytes / 2 + 1000);
  EXPECT_TRUE(closed);
  EXPECT_TRUE(object.Outcome().Is(Reason::kChecksumMismatch));
}

TEST_F(HttpServerLimitsTest, AStoreThatFailsMidwayNeverLooksWhole) {
  LargeObject object(false, kLargeBytes / 2,
                     Status(Reason::kObjectStoreUnavailable, "the disk went away"));
  StartLarge(object);
  HttpClient client(port());
  client.Request("/");
  bool closed = false;
  EXPECT_LE(client.ReceiveAll(&closed).size(), kLargeBytes / 2 + 1000);
  EXPECT_TRUE(closed);
  EXPECT_TRUE(object.Outcome().Is(Reason::kObjectStoreUnavailable));
}

TEST_F(HttpServerLimitsTest, RefusesConnectionsAboveTheLimit) {
  options_.connections_max = 3;
  StartFine();
  std::vector<std::unique_ptr<HttpClient>> taken;
  for (int i = 0; i < 3; ++i) {
    taken.push_back(std::make_unique<HttpClient>(port()));
    EXPECT_EQ(taken.back()->Get("/").status, 200U);
  }
  HttpClient extra(port());
  const HttpAnswer refusal = extra.Get("/");
  EXPECT_EQ(refusal.status, 503U);
  EXPECT_EQ(refusal.headers.at("connection"), "close");
  EXPECT_TRUE(refusal.headers.contains("retry-after"));
  ExpectClosed(extra);
  for (const auto& client : taken) EXPECT_EQ(client->Get("/").status, 200U);

  taken.pop_back();
  unsigned status = 503;
  for (int i = 0; i < 1000 && status == 503; ++i) status = HttpClient(port()).Get("/").status;
  EXPECT_EQ(status, 200U) << "a place is free again";
}

TEST_F(HttpServerLimitsTest, FarAboveTheLimitItJustCloses) {
  options_.connections_max = 1;
  StartFine();
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<HttpClient>(port()));
  EXPECT_EQ(clients.front()->Get("/").status, 200U);
  ExpectClosed(*clients.back());
}

TEST_F(HttpServerLimitsTest, StopClosesIdleConnectionsAtOnce) {
  StartFine();
  HttpClient idle(port());
  HttpClient used(port());
  EXPECT_EQ(used.Get("/").status, 200U);
  const auto start = steady_clock::now();
  server_->Stop(seconds(60));
  EXPECT_LT(steady_clock::now() - start, seconds(5));
  ExpectClosed(used);
  ExpectClosed(idle);
}

TEST_F(HttpServerLimitsTest, StopLetsAResponseEnd) {
  StartGated();
  HttpClient client(port());
  client.Request("/");
  entered_.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { server_->Stop(seconds(10)); });
  // It has begun once nobody is accepted any more.
  const auto start = steady_clock::now();
  while (HttpClient(port()).Send("x") && steady_clock::now() - start < seconds(5)) {
  }
  gate_.set_value();
  const HttpAnswer answer = client.Receive();
  EXPECT_EQ(answer.body, "late\n");
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_EQ(stopped.wait_for(seconds(5)), std::future_status::ready);
}

TEST_F(HttpServerLimitsTest, StopCutsWhatDoesNotEndInTime) {
  LargeObject object(true);
  StartLarge(object);
  HttpClient client(port(), kSmallReceiveBuffer);
  client.Request("/");
  EXPECT_EQ(client.Receive(false).status, 200U);
  const auto start = steady_clock::now();
  server_->Stop(milliseconds(200));
  EXPECT_LT(steady_clock::now() - start, seconds(5));
  EXPECT_TRUE(object.Outcome().Is(Reason::kShuttingDown));
}

TEST_F(HttpServerLimitsTest, ManyClientsAtOnceGetWholeAnswers) {
  StartFine();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 25; ++k) good += HttpClient(port()).Get("/").body == "fine\n" ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

}  // namespace
}  // namespace satchel::testing
