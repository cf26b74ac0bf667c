/// Port: told once, at the edge, how each call ended; feeds the log and the metrics.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace satchel {

enum class Operation : std::uint8_t { kUpload, kDownload, kDelete, kList, kUrl, kUsage };

/// "upload", "download", "delete", "list", "url", "usage".
std::string_view NameOf(Operation operation);

/// One finished call. Texts are as the caller sent them: unescaped, unbounded.
struct CallRecord {
  Operation operation = Operation::kUpload;
  std::string request_id;
  std::string user_id;
  std::string document_id;
  std::string filename;
  std::int64_t size = 0;  ///< bytes of the document, of a link's Range those; 0: not known
  Status status;          ///< the one that was returned
  /// The caller is why it failed: it cancelled, or was too slow to send or take bytes.
  bool caller_at_fault = false;
  std::chrono::nanoseconds duration{0};
};

/// Thread-safe; never blocks on a store.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  virtual void CallStarted(Operation operation) = 0;
  virtual void CallEnded(const CallRecord& record) = 0;
};

}  // namespace satchel
