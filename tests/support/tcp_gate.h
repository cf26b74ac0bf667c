/// A TCP proxy in front of a server, which breaks connections the way a test wants them broken.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace satchel {

/// Listens on a port of 127.0.0.1; thread-safe. What is set holds for bytes from then on.
class TcpGate {
 public:
  explicit TcpGate(int server_port);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  int port() const { return port_; }

  /// Bytes in both directions stop on the way, and connections are taken but never forwarded.
  void SetBlackhole(bool on) { blackhole_ = on; }
  /// Answers stop on the way; requests arrive.
  void SetHoldAnswers(bool on) { hold_answers_ = on; }
  /// A connection is reset once this many bytes of requests have passed it; negative: never.
  void SetResetAfter(std::int64_t bytes) { reset_after_ = bytes; }
  /// The server's answer is dropped and the connection reset as soon as it begins.
  void SetDropAnswers(bool on) { drop_answers_ = on; }
  /// New connections are refused: nobody listens. In force when it returns.
  void SetRefuse(bool on);
  /// Resets every connection that is open, before it returns.
  void ResetAll();
  /// Connections that were taken so far.
  int connections() const { return connections_; }
  /// Bytes of requests that went through so far.
  std::int64_t request_bytes() const { return request_bytes_; }

 private:
  struct Connection {
    int client = -1;
    int server = -1;
    std::int64_t request_bytes = 0;
  };

  void Listen();
  void Run();
  void Accept();
  /// False: the connection is over.
  bool Forward(Connection& connection, bool from_client);
  static void Reset(Connection& connection);
  void Wake();
  /// Returns once the thread has seen what was set before.
  void Settle();

  const int server_port_;
  int port_ = 0;
  int listener_ = -1;  ///< used by the thread, but for the constructor
  int wake_[2] = {-1, -1};
  std::atomic<bool> stop_{false};
  std::atomic<bool> blackhole_{false};
  std::atomic<bool> hold_answers_{false};
  std::atomic<bool> drop_answers_{false};
  std::atomic<bool> refuse_{false};
  std::atomic<bool> reset_all_{false};
  std::atomic<std::int64_t> reset_after_{-1};
  std::atomic<int> connections_{0};
  std::atomic<std::int64_t> request_bytes_{0};
  std::mutex mutex_;
  std::condition_variable turned_;
  std::uint64_t turns_ = 0;       // guarded by mutex_
  std::vector<Connection> open_;  // used by the thread alone
  std::thread thread_;
};

}  // namespace satchel
