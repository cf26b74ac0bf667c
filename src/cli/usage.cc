#include "cli/usage.h"

#include <document/document_service.grpc.pb.h>

#include <array>
#include <cstdio>

#include "cli/connection.h"
#include "cli/error_printer.h"
#include "cli/message_json.h"
#include "cli/text_format.h"

namespace satchel::cli {

std::string FormatUsage(const document::GetUsageStatsResponse& response) {
  const document::UsageStats& usage = response.usage();
  const document::QuotaInfo& quota = response.quota();
  std::array<char, 32> percent{};
  std::snprintf(percent.data(), percent.size(), "%.1f %%", quota.quota_percentage());
  std::string text = "user       " + EscapeControls(usage.user_id()) + "\n";
  text += "documents  " + std::to_string(usage.file_count()) + "\n";
  text += "stored     " + FormatBytes(quota.quota_used()) + " (" +
          std::to_string(quota.quota_used()) + " bytes)\n";
  text += "quota      " + FormatBytes(quota.quota_limit()) + ", " + percent.data() + " used\n";
  text += "left       " + FormatBytes(quota.quota_remaining()) + "\n";
  text += "changed    " +
          (usage.last_updated().empty() ? "never" : EscapeControls(usage.last_updated())) + "\n";
  return text;
}

int RunUsage(CliEnvironment& environment) {
  document::GetUsageStatsRequest request;
  ServerAddress address;
  MaybeError error = ResolveUser(environment.connection, request.mutable_user_id());
  if (!error) error = ResolveServer(environment.connection, &address);
  if (error) return ReportError(*error, environment);

  const auto stub = document::DocumentService::NewStub(Connect(address));
  grpc::ClientContext context;
  SetDeadline(environment.connection, &context);
  document::GetUsageStatsResponse response;
  const grpc::Status status = stub->GetUsageStats(&context, request, &response);
  if (!status.ok()) return ReportError(ErrorFromCall(status, address), environment);
  environment.out << (environment.json ? MessageJson(response) + "\n" : FormatUsage(response));
  return kExitOk;
}

}  // namespace satchel::cli
