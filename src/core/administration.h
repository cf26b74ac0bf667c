/// What operators do besides serving: quotas and consistency checks.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "core/consistency_check.h"

namespace satchel {

/// Thread-safe; checks follow one another. Blocks. What it is given must outlive it.
class Administration {
 public:
  Administration(MetadataStore& metadata, ObjectStore& objects, Sweeper& sweeper, EventLog& log,
                 SweepObserver& observer, std::int64_t default_quota)
      : metadata_(metadata),
        objects_(objects),
        sweeper_(sweeper),
        log_(log),
        observer_(observer),
        default_quota_(default_quota) {}

  Result<Usage> GetQuota(const CallContext& call, const std::string& user_id);
  /// nullopt: back to the default. A limit below what is stored only stops growth.
  Status SetQuota(const CallContext& call, const std::string& user_id,
                  std::optional<std::int64_t> quota_bytes);
  Result<ConsistencySummary> CheckConsistency(const CallContext& call, bool repair,
                                              ConsistencyListener& listener);

 private:
  MetadataStore& metadata_;
  ObjectStore& objects_;
  Sweeper& sweeper_;
  EventLog& log_;
  SweepObserver& observer_;
  const std::int64_t default_quota_;
  std::mutex check_;  ///< held for a whole check
};

}  // namespace satchel
