/// How much the messages of passed calls may hold in all while they wait to be taken.
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

namespace satchel {

/// Beyond the limit no further message is read until others have been taken. What was on its way by
/// then still comes, so the limit is where reading stops and not the most that is ever held.
/// Thread-safe.
class MessageBudget {
 public:
  /// Who waits to read. OnRoom() may be called on any thread that gives something back.
  class Reader {
   public:
    virtual ~Reader() = default;
    virtual void OnRoom() = 0;
  };

  explicit MessageBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  MessageBudget(const MessageBudget&) = delete;
  MessageBudget& operator=(const MessageBudget&) = delete;

  /// True: read now. False: `reader` is called once, when there is room or by Admit().
  bool MayRead(const std::shared_ptr<Reader>& reader);
  /// A message was read, and is to be taken by somebody else.
  void Hold(std::size_t bytes) { held_ += bytes; }
  /// It was taken, or is lost.
  void Release(std::size_t bytes);
  /// Calls `reader` now if it waits: its call ends, and holds nothing for long.
  void Admit(const Reader& reader);

  bool exhausted() const { return held_ >= bytes_max_; }

 private:
  std::shared_ptr<Reader> NextWithRoom();

  const std::size_t bytes_max_;
  std::atomic<std::size_t> held_ = 0;
  std::atomic<std::size_t> waiting_count_ = 0;
  std::mutex mutex_;
  std::list<std::shared_ptr<Reader>> waiting_;  // guarded by mutex_; first come, first served
};

}  // namespace satchel
