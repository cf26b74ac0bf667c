/// A gate before a server: what a network does to connections, on demand.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace satchel {

/// Listens on a port of its own and forwards to `target_port` of 127.0.0.1. Thread-safe.
class TcpProxy {
 public:
  enum class Mode : std::uint8_t {
    kForward,
    kSilent,          ///< takes connections and bytes, passes nothing on
    kReset,           ///< resets every connection, old and new
    kClosed,          ///< nobody listens; connections are cut
    kGreetAndReset,   ///< passes on what the server says until the client says something
    kGreetAndIgnore,  ///< passes on nothing that the client says
  };
  /// What becomes of the next COMMIT that is seen, once. Both cut its connection.
  enum class Commit : std::uint8_t {
    kForward,
    kLoseReply,    ///< the server gets it; its answer is dropped
    kLoseRequest,  ///< the server never gets it
  };

  explicit TcpProxy(int target_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  int port() const { return port_; }
  void SetMode(Mode mode);
  void LoseNextCommit(Commit how) { next_commit_ = how; }
  int connections_taken() const { return connections_taken_; }
  int commits_lost() const { return commits_lost_; }

 private:
  struct Link;

  void Listen();
  void Run();
  void Accept();
  /// false: the link is over.
  bool Pump(Link& link);
  bool PassOn(Link& link, int from, int to, bool from_client);
  void ApplyMode();
  bool Pumps() const;

  const int target_port_;
  int port_ = 0;
  int listener_ = -1;
  int wake_ = -1;
  std::atomic<Mode> mode_{Mode::kForward};
  std::atomic<Commit> next_commit_{Commit::kForward};
  std::atomic<int> connections_taken_{0};
  std::atomic<int> commits_lost_{0};
  std::atomic<bool> ending_{false};
  std::atomic<std::uint64_t> mode_asked_{0};
  std::atomic<std::uint64_t> mode_applied_{0};
  std::vector<std::unique_ptr<Link>> links_;  // of the thread
  std::thread thread_;
};

}  // namespace satchel
