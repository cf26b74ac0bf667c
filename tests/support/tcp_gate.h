/// A TCP proxy in front of a server, which breaks connections the way a test wants them broken.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace satchel {

/// Listens on a port of 127.0.0.1 and forwards to another one. Thread-safe. What is set is in force
/// when its method returns, and holds for bytes from then on. Never blocks on either side: while
/// one takes nothing, at most one piece of what the other sent waits here.
class TcpGate {
 public:
  /// Which half of an exchange is lost. Both reset its connection.
  enum class Loss : std::uint8_t {
    kNone,
    kReply,    ///< the server gets the request; its answer is dropped
    kRequest,  ///< the server never gets it
  };

  explicit TcpGate(int server_port);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  int port() const { return port_; }

  /// Bytes in both directions stop on the way; connections are taken all the same.
  void SetBlackhole(bool on);
  /// SetBlackhole(true) once this many more pieces of answers have passed; returns then.
  void AwaitBlackholeAfter(int answers);
  /// Requests stop on the way; what the server says by itself arrives.
  void SetHoldRequests(bool on);
  /// Answers stop on the way; requests arrive.
  void SetHoldAnswers(bool on);
  /// A connection is reset once more than this many bytes of requests have come; negative: never.
  void SetResetAfter(std::int64_t bytes);
  /// A connection ends, as if the server had closed it, once this many bytes of answers have
  /// passed; negative: never.
  void SetEndAfter(std::int64_t answer_bytes);
  /// The server's answer is dropped and the connection reset as soon as it begins.
  void SetDropAnswers(bool on);
  /// Every connection is reset, those that are open and new ones.
  void SetReset(bool on);
  /// New connections are refused: nobody listens.
  void SetRefuse(bool on);
  /// Resets every connection that is open.
  void ResetAll();
  /// What becomes of the next piece of a request that is exactly `bytes`, once.
  void LoseNext(std::string bytes, Loss loss);

  /// Connections that were taken so far.
  int connections() const { return connections_; }
  /// How many LoseNext() has lost so far.
  int lost() const { return lost_; }

 private:
  struct Rules {
    bool blackhole = false;
    int blackhole_after = 0;  ///< answers; 0: never
    bool hold_requests = false;
    bool hold_answers = false;
    bool drop_answers = false;
    bool reset = false;
    bool refuse = false;
    std::int64_t reset_after = -1;
    std::int64_t end_after = -1;
    int resets = 0;  ///< how often all were to be reset
    std::string lost_bytes;
    Loss loss = Loss::kNone;
  };
  struct Link;
  enum class Side : std::uint8_t { kClient, kServer };

  void Set(const std::function<void(Rules&)>& change);
  void Listen();
  void Run();
  /// Makes what was set the rules of what follows. False: the end.
  bool Apply();
  void Await();
  void Accept();
  bool Held(Side from) const;
  // False: the link is over.
  bool Pump(Link& link);
  bool PassOn(Link& link, Side from);
  bool Take(Link& link, Side from);
  bool Give(Link& link, Side from);
  void CountAnswer();
  bool TakeRequest(Link& link, std::string& bytes);
  bool TakeAnswer(Link& link, std::string& bytes);

  const int server_port_;
  const int port_;     ///< ours alone, also while nobody listens
  int listener_ = -1;  ///< used by the thread, but for the constructor
  int wake_ = -1;
  std::atomic<int> connections_{0};
  std::atomic<int> lost_{0};
  std::mutex mutex_;
  std::condition_variable applied_;
  // Guarded by mutex_.
  Rules wanted_;
  bool ending_ = false;
  std::uint64_t changes_ = 0;
  std::uint64_t changes_applied_ = 0;
  // Used by the thread alone.
  Rules rules_;
  std::vector<std::unique_ptr<Link>> links_;
  std::thread thread_;
};

}  // namespace satchel
