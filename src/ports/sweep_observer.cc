#include "ports/sweep_observer.h"

namespace satchel {

std::string_view NameOf(SweepStop stop) {
  switch (stop) {
    case SweepStop::kNone:
      return "none";
    case SweepStop::kCallFailed:
      return "call_failed";
    case SweepStop::kStoreIdMismatch:
      return "store_id_mismatch";
    case SweepStop::kDatabaseEmpty:
      return "database_empty";
    case SweepStop::kTooManyOrphans:
      return "too_many_orphans";
    case SweepStop::kClocksDiffer:
      return "clocks_differ";
    case SweepStop::kLeaseHeld:
      return "lease_held";
    case SweepStop::kCancelled:
      return "cancelled";
  }
  return "";
}

}  // namespace satchel
