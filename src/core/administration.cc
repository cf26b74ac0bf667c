#include "core/administration.h"

#include "core/names.h"
#include "core/repeated_write.h"

namespace satchel {

Result<Usage> Administration::GetQuota(const CallContext& call, const std::string& user_id) {
  FieldChecker fields;
  fields.CheckUserId(user_id);
  SATCHEL_RETURN_IF_ERROR(fields.status());
  return metadata_.GetUsage(call, UserId(user_id), default_quota_);
}

Status Administration::SetQuota(const CallContext& call, const std::string& user_id,
                                std::optional<std::int64_t> quota_bytes) {
  FieldChecker fields;
  fields.CheckUserId(user_id);
  if (quota_bytes && *quota_bytes < 0) {
    fields.Reject("quota_bytes", "must not be negative", std::to_string(*quota_bytes));
  }
  SATCHEL_RETURN_IF_ERROR(fields.status());
  return RepeatUntilKnown([&] { return metadata_.SetQuota(call, UserId(user_id), quota_bytes); });
}

Result<ConsistencySummary> Administration::CheckConsistency(const CallContext& call, bool repair,
                                                            ConsistencyListener& listener) {
  const std::lock_guard lock(check_);
  SATCHEL_RETURN_IF_ERROR(call.Check());
  ConsistencyOptions options;
  options.repair = repair;
  ConsistencyCheck check(metadata_, objects_, sweeper_, log_, observer_, options);
  return check.Run(call, listener);
}

}  // namespace satchel
