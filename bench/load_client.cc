// Load generator of the bench: runs one case against a server and prints one JSON line.
//
// One thread and one connection per client. Set-up (documents to download or to list) is not
// measured. Exits 1 with the reason when any call failed.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/document_client.h"
#include "bench/measure.h"
#include "bench/passed_client.h"

namespace satchel::bench {
namespace {

constexpr std::size_t kOtherUploadBytes = 1024 * 1024;
constexpr auto kConnectRetryInterval = std::chrono::milliseconds(1);

struct Options {
  /// host:port, without TLS.
  std::string target;
  std::size_t clients = 1;
  std::size_t size = 4096;
  /// Calls of a streaming case, all clients together.
  std::size_t calls = 1;
  /// Length of a case that is measured by time.
  double seconds = 1;
  /// Documents of `fill`, stalled uploads of `stall`, documents per client of `small-download`.
  std::size_t count = 1;
  /// Whose documents `fill` makes and `list` reads; fresh when empty.
  std::string user;
};

/// Runs `call(index)` `options.calls` times, each time by the client that is free first.
Measurement ByCount(const Options& options, const std::function<void(std::size_t index)>& call) {
  std::atomic<std::size_t> taken = 0;
  return RunTogether(options.clients, [&](std::size_t index) {
    ThreadResult result;
    while (taken.fetch_add(1, std::memory_order_relaxed) < options.calls) {
      result.Measure(options.size, [&] { call(index); });
    }
    return result;
  });
}

/// Runs `call(index)` on every client until `options.seconds` have passed.
Measurement ByTime(const Options& options, const std::function<void(std::size_t index)>& call) {
  const auto length =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
  return RunTogether(options.clients, [&](std::size_t index) {
    ThreadResult result;
    const Clock::time_point end = Clock::now() + length;
    while (Clock::now() < end) {
      result.Measure(options.size, [&] { call(index); });
    }
    return result;
  });
}

/// The clients of a run, with a user each whose name no earlier run had.
class Clients {
 public:
  explicit Clients(const Options& options) : options_(options) {
    std::random_device random;
    run_ = "bench-" + std::to_string(random()) + "-";
    for (std::size_t i = 0; i < options.clients; ++i) {
      clients_.push_back(std::make_unique<DocumentClient>(options.target));
      // Connects, so that no measured call pays for it.
      clients_.back()->Usage(User(i));
    }
  }

  DocumentClient& operator[](std::size_t index) { return *clients_[index]; }

  std::string User(std::size_t index) const {
    return options_.user.empty() ? run_ + std::to_string(index) : options_.user;
  }

  /// A name that no other call of any run gets.
  std::string FreshFilename() {
    return run_ + std::to_string(next_file_.fetch_add(1, std::memory_order_relaxed)) + ".txt";
  }

  Measurement ByCount(const std::function<void(std::size_t index)>& call) const {
    return bench::ByCount(options_, call);
  }
  Measurement ByTime(const std::function<void(std::size_t index)>& call) const {
    return bench::ByTime(options_, call);
  }

 private:
  const Options& options_;
  std::string run_;
  std::vector<std::unique_ptr<DocumentClient>> clients_;
  std::atomic<std::size_t> next_file_ = 0;
};

nlohmann::json Upload(const Options& options) {
  Clients clients(options);
  return Report(clients.ByCount([&](std::size_t index) {
    clients[index].Upload(clients.User(index), clients.FreshFilename(), options.size);
  }));
}

nlohmann::json SmallUpload(const Options& options) {
  Clients clients(options);
  return Report(clients.ByTime([&](std::size_t index) {
    clients[index].Upload(clients.User(index), clients.FreshFilename(), options.size);
  }));
}

/// The ids of `options.count` new documents per client.
std::vector<std::vector<std::string>> MakeDocuments(const Options& options, Clients& clients) {
  std::vector<std::vector<std::string>> ids(options.clients);
  RunTogether(options.clients, [&](std::size_t index) {
    for (std::size_t i = 0; i < options.count; ++i) {
      ids[index].push_back(
          clients[index].Upload(clients.User(index), clients.FreshFilename(), options.size));
    }
    return ThreadResult{};
  });
  return ids;
}

nlohmann::json Download(const Options& options) {
  Clients clients(options);
  const auto ids = MakeDocuments(options, clients);
  return Report(clients.ByCount([&](std::size_t index) {
    clients[index].Download(clients.User(index), ids[index].front(), options.size);
  }));
}

/// Without a hash of the client's own, as S3's clients read: each document is checked once, before.
nlohmann::json UncheckedDownload(const Options& options) {
  Clients clients(options);
  const auto ids = MakeDocuments(options, clients);
  for (std::size_t index = 0; index < options.clients; ++index) {
    clients[index].Download(clients.User(index), ids[index].front(), options.size);
  }
  return Report(clients.ByCount([&](std::size_t index) {
    clients[index].Download(clients.User(index), ids[index].front(), options.size,
                            DocumentClient::Check::kLength);
  }));
}

nlohmann::json SmallDownload(const Options& options) {
  Clients clients(options);
  const auto ids = MakeDocuments(options, clients);
  std::vector<std::size_t> next(options.clients, 0);
  return Report(clients.ByTime([&](std::size_t index) {
    const std::string& id = ids[index][next[index]++ % ids[index].size()];
    clients[index].Download(clients.User(index), id, options.size);
  }));
}

nlohmann::json Usage(const Options& options) {
  Clients clients(options);
  return Report(
      clients.ByTime([&](std::size_t index) { clients[index].Usage(clients.User(index)); }));
}

/// Makes `options.count` documents of one user, by all clients together.
nlohmann::json Fill(const Options& options) {
  Clients clients(options);
  std::atomic<std::size_t> made = 0;
  RunTogether(options.clients, [&](std::size_t index) {
    while (made.fetch_add(1, std::memory_order_relaxed) < options.count) {
      clients[index].Upload(clients.User(0), clients.FreshFilename(), options.size);
    }
    return ThreadResult{};
  });
  return {{"user", clients.User(0)}};
}

nlohmann::json List(const Options& options) {
  Clients clients(options);
  return Report(
      clients.ByTime([&](std::size_t index) { clients[index].List(clients.User(index), ""); }));
}

/// Latency of the first and of the last page, in turn.
nlohmann::json ListEnds(const Options& options) {
  Clients clients(options);
  DocumentClient& client = clients[0];
  std::string last_token;
  std::size_t pages = 0;
  std::size_t documents = 0;
  for (std::string token; pages == 0 || !token.empty(); ++pages) {
    last_token = token;
    const auto page = client.List(clients.User(0), token);
    documents += static_cast<std::size_t>(page.documents_size());
    token = page.next_page_token();
  }
  ThreadResult first;
  ThreadResult last;
  for (std::size_t i = 0; i < options.calls; ++i) {
    first.Measure(0, [&] { client.List(clients.User(0), ""); });
    last.Measure(0, [&] { client.List(clients.User(0), last_token); });
  }
  const auto median_ms = [](std::vector<Clock::duration> latencies) {
    std::sort(latencies.begin(), latencies.end());
    return Measurement{std::move(latencies), 0, {}}.LatencyMilliseconds(0.5);
  };
  return {{"documents", documents},
          {"pages", pages},
          {"first_page_p50_ms", median_ms(first.latencies)},
          {"last_page_p50_ms", median_ms(last.latencies)}};
}

/// Prints the figures, then keeps the streams open until standard input ends, so that the caller
/// can look at the server meanwhile.
nlohmann::json Stall(const Options& options) {
  Clients clients(options);
  std::vector<std::unique_ptr<StalledUpload>> stalled;
  for (std::size_t i = 0; i < options.count; ++i) {
    const std::size_t index = i % options.clients;
    stalled.push_back(
        clients[index].StartStalledUpload(clients.User(index), clients.FreshFilename()));
  }
  DocumentClient other(options.target);
  other.Usage(clients.User(0));
  ThreadResult upload;
  upload.Measure(kOtherUploadBytes, [&] {
    other.Upload(clients.User(0), clients.FreshFilename(), kOtherUploadBytes);
  });
  const double milliseconds =
      std::chrono::duration<double, std::milli>(upload.latencies.front()).count();
  std::cout << nlohmann::json{{"stalled", stalled.size()}, {"other_upload_ms", milliseconds}}
            << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  return nullptr;
}

nlohmann::json Url(const Options& options) {
  Clients clients(options);
  const std::string id = clients[0].Upload(clients.User(0), clients.FreshFilename(), options.size);
  return {{"url", clients[0].Url(clients.User(0), id)}};
}

/// True once the target's port takes connections. gRPC's own reconnection waits a second between
/// attempts, far longer than what is measured here.
bool Accepts(const std::string& target) {
  const std::size_t colon = target.rfind(':');
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(target.substr(0, colon).c_str(), target.substr(colon + 1).c_str(), &hints,
                  &found) != 0) {
    throw std::runtime_error("cannot resolve " + target);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, &freeaddrinfo);
  const int descriptor = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
  const bool accepted =
      descriptor >= 0 && connect(descriptor, address->ai_addr, address->ai_addrlen) == 0;
  if (descriptor >= 0) {
    close(descriptor);
  }
  return accepted;
}

/// Waits for a server that is being started; prints the monotonic time of its first answer.
nlohmann::json FirstAnswer(const Options& options) {
  const auto length =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
  const Clock::time_point end = Clock::now() + length;
  while (!Accepts(options.target)) {
    if (Clock::now() >= end) {
      throw std::runtime_error("no server at " + options.target);
    }
    std::this_thread::sleep_for(kConnectRetryInterval);
  }
  // Satchel listens before it has reached its database, and says UNAVAILABLE until then.
  for (bool answered = false; !answered;) {
    try {
      DocumentClient(options.target).Usage("bench");
      answered = true;
    } catch (const std::runtime_error&) {
      if (Clock::now() >= end) {
        throw;
      }
      std::this_thread::sleep_for(kConnectRetryInterval);
    }
  }
  return {{"monotonic_seconds",
           std::chrono::duration<double>(Clock::now().time_since_epoch()).count()}};
}

/// Clients of what Satchel passes on, each with its connection made.
std::vector<std::unique_ptr<PassedClient>> PassedClients(const Options& options) {
  std::vector<std::unique_ptr<PassedClient>> clients;
  for (std::size_t i = 0; i < options.clients; ++i) {
    clients.push_back(std::make_unique<PassedClient>(options.target));
    clients.back()->Ask();
  }
  return clients;
}

nlohmann::json PassedUnary(const Options& options) {
  const auto clients = PassedClients(options);
  return Report(ByTime(options, [&](std::size_t index) { clients[index]->Ask(); }));
}

nlohmann::json PassedUpload(const Options& options) {
  const auto clients = PassedClients(options);
  return Report(ByCount(options, [&](std::size_t index) { clients[index]->Upload(options.size); }));
}

nlohmann::json PassedDownload(const Options& options) {
  const auto clients = PassedClients(options);
  return Report(
      ByCount(options, [&](std::size_t index) { clients[index]->Download(options.size); }));
}

using Case = nlohmann::json (*)(const Options&);

const std::map<std::string, Case>& Cases() {
  static const std::map<std::string, Case> cases = {
      {"upload", Upload},
      {"small-upload", SmallUpload},
      {"download", Download},
      {"unchecked-download", UncheckedDownload},
      {"usage", Usage},
      {"fill", Fill},
      {"small-download", SmallDownload},
      {"list", List},
      {"list-ends", ListEnds},
      {"stall", Stall},
      {"url", Url},
      {"first-answer", FirstAnswer},
      {"passed-unary", PassedUnary},
      {"passed-upload", PassedUpload},
      {"passed-download", PassedDownload},
  };
  return cases;
}

}  // namespace
}  // namespace satchel::bench

int main(int argc, char** argv) {
  satchel::bench::Options options;
  std::string name;
  CLI::App app("Runs one case against a server and prints one JSON line");
  app.add_option("--target", options.target, "host:port")->required();
  app.add_option("--case", name, "what to measure")
      ->required()
      ->check(CLI::IsMember(&satchel::bench::Cases()));
  app.add_option("--clients", options.clients, "threads, with a connection each");
  app.add_option("--size", options.size, "bytes of a document");
  app.add_option("--calls", options.calls, "calls of all clients together");
  app.add_option("--seconds", options.seconds, "length of a case that is measured by time");
  app.add_option("--count", options.count, "documents to make, or uploads to stall");
  app.add_option("--user", options.user, "user of fill and list");
  CLI11_PARSE(app, argc, argv);
  try {
    const nlohmann::json report = satchel::bench::Cases().at(name)(options);
    if (!report.is_null()) {
      std::cout << report << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << "load_client: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
