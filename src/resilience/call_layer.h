/// What happens around every call to a dependency: one concern a layer, one stack a dependency.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"

namespace satchel {

/// How long a call may rightly take.
enum class CallLength : std::uint8_t {
  kShort,     ///< a few rows, or a piece of an object
  kTransfer,  ///< an object's beginning or end, which the store may take its time for
  kSending,   ///< as long; done without an answer as soon as a buffer has taken the bytes
  kScan,      ///< goes through all rows, or all versions
};

/// Thread-safe.
class CallLayer {
 public:
  using Next = std::function<Status(const CallContext& call)>;

  virtual ~CallLayer() = default;
  virtual std::string_view name() const = 0;
  /// Calls `next` once, or not at all; returns its status or another.
  virtual Status Run(const CallContext& call, CallLength length, const Next& next) = 0;
};

/// The layers of one dependency. Thread-safe.
class CallStack {
 public:
  using Layers = std::vector<std::unique_ptr<CallLayer>>;

  /// The first layer is the outermost.
  explicit CallStack(Layers layers) : layers_(std::move(layers)) {}

  /// Makes `work`, which returns a Status or a Result, through all layers.
  template <typename Work>
  auto Run(const CallContext& call, CallLength length, const Work& work) const {
    using Answer = decltype(work(call));
    std::optional<Answer> answer;
    Status status = RunFrom(0, call, length, [&](const CallContext& inner) {
      answer.emplace(work(inner));
      return StatusOf(*answer);
    });
    if (!status.ok() || !answer) return Answer(std::move(status));
    return *std::move(answer);
  }

  std::vector<std::string_view> names() const;

 private:
  static const Status& StatusOf(const Status& status) { return status; }
  template <typename T>
  static Status StatusOf(const Result<T>& result) {
    return result.status();
  }

  Status RunFrom(std::size_t layer, const CallContext& call, CallLength length,
                 const CallLayer::Next& work) const;

  const Layers layers_;
};

}  // namespace satchel
