#include "cli/command_error.h"

#include <document/document_service.pb.h>
#include <gmock/gmock.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

namespace satchel::cli {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

grpc::Status WithDetails(grpc::StatusCode code, const std::string& message,
                         const std::vector<const google::protobuf::Message*>& details) {
  google::rpc::Status status;
  for (const google::protobuf::Message* detail : details) status.add_details()->PackFrom(*detail);
  return {code, message, status.SerializeAsString()};
}

google::rpc::ErrorInfo Info(const std::string& reason) {
  google::rpc::ErrorInfo info;
  info.set_domain("document.satchel");
  info.set_reason(reason);
  return info;
}

TEST(ErrorFromCallTest, DecodesReasonMetadataAndResource) {
  google::rpc::ErrorInfo info = Info("QUOTA_EXCEEDED");
  (*info.mutable_metadata())["limit"] = "10";
  google::rpc::ResourceInfo resource;
  resource.set_resource_name("3f2c");
  const CommandError error = ErrorFromCall(
      WithDetails(grpc::StatusCode::RESOURCE_EXHAUSTED, "full", {&info, &resource}), "host:1");
  EXPECT_EQ(error.code, "RESOURCE_EXHAUSTED");
  EXPECT_EQ(error.reason, "QUOTA_EXCEEDED");
  EXPECT_EQ(error.message, "full");
  EXPECT_THAT(error.metadata, ElementsAre(Pair("limit", "10")));
  EXPECT_EQ(error.resource, "3f2c");
  EXPECT_EQ(error.exit_code, kExitFailed);
}

TEST(ErrorFromCallTest, PrefersViolationsThatNameTheRejectedValue) {
  const google::rpc::ErrorInfo info = Info("INVALID_FIELD");
  google::rpc::BadRequest bad_request;
  auto* field = bad_request.add_field_violations();
  field->set_field("size");
  field->set_description("at least 1");
  document::ValidationError ours;
  ours.set_field("size");
  ours.set_message("at least 1");
  ours.set_rejected_value("-5");
  const auto code = grpc::StatusCode::INVALID_ARGUMENT;
  EXPECT_THAT(
      ErrorFromCall(WithDetails(code, "bad", {&info, &bad_request, &ours}), "").field_violations,
      ElementsAre(FieldViolation{"size", "at least 1", "-5"}));
  EXPECT_THAT(ErrorFromCall(WithDetails(code, "bad", {&info, &bad_request}), "").field_violations,
              ElementsAre(FieldViolation{"size", "at least 1", ""}));
}

TEST(ErrorFromCallTest, TellsTemporaryErrorsFromUnreachableServers) {
  const google::rpc::ErrorInfo info = Info("DATABASE_UNAVAILABLE");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(2);
  retry.mutable_retry_delay()->set_nanos(1);
  const CommandError temporary =
      ErrorFromCall(WithDetails(grpc::StatusCode::UNAVAILABLE, "down", {&info, &retry}), "host:1");
  EXPECT_EQ(temporary.exit_code, kExitTryAgain);
  EXPECT_EQ(temporary.retry_after, milliseconds(2001)) << "rounded up: never too early";

  const CommandError unreachable =
      ErrorFromCall({grpc::StatusCode::UNAVAILABLE, "Connection refused"}, "host:1");
  EXPECT_EQ(unreachable.exit_code, kExitUnreachable);
  EXPECT_EQ(unreachable.message, "cannot reach host:1: Connection refused");

  EXPECT_EQ(ErrorFromCall({grpc::StatusCode::DEADLINE_EXCEEDED, "slow"}, "").exit_code,
            kExitTryAgain);
  EXPECT_EQ(ErrorFromCall({grpc::StatusCode::UNIMPLEMENTED, "what?"}, "").exit_code, kExitFailed);
  EXPECT_EQ(ErrorFromCall({grpc::StatusCode::UNAUTHENTICATED, "who?"}, "").code, "UNAUTHENTICATED");
}

TEST(ErrorFromCallTest, TakesNoReasonFromStrangers) {
  google::rpc::ErrorInfo info = Info("PROXY_SAYS_NO");
  info.set_domain("proxy.example");
  const CommandError error =
      ErrorFromCall(WithDetails(grpc::StatusCode::UNAVAILABLE, "no", {&info}), "host:1");
  EXPECT_EQ(error.reason, "");
  EXPECT_EQ(error.exit_code, kExitUnreachable);
}

TEST(ErrorFromCallTest, SurvivesGarbageDetails) {
  const CommandError error =
      ErrorFromCall({grpc::StatusCode::INTERNAL, "broken", "\xff\xff\xff"}, "host:1");
  EXPECT_EQ(error.code, "INTERNAL");
  EXPECT_EQ(error.message, "broken");
}

TEST(ErrorFromStatusTest, MapsReasonsToExitCodes) {
  EXPECT_EQ(ErrorFromStatus(Status(Reason::kDatabaseUnavailable, "x")).exit_code, kExitUnreachable);
  EXPECT_EQ(
      ErrorFromStatus(Status(Reason::kServerBusy, "x").WithRetryAfter(milliseconds(5))).exit_code,
      kExitTryAgain);
  EXPECT_EQ(ErrorFromStatus(Status(Reason::kDeadlineExceeded, "x")).exit_code, kExitTryAgain);
  const CommandError error =
      ErrorFromStatus(ConfigurationError("the folder is in use").WithCause("flock: EWOULDBLOCK"));
  EXPECT_EQ(error.exit_code, kExitFailed);
  EXPECT_THAT(error.message, HasSubstr("the folder is in use"));
  EXPECT_THAT(error.message, HasSubstr("flock: EWOULDBLOCK"));
}

TEST(WorseExitCodeTest, PutsDefiniteFailuresFirst) {
  EXPECT_EQ(WorseExitCode(kExitOk, kExitOk), kExitOk);
  EXPECT_EQ(WorseExitCode(kExitOk, kExitTryAgain), kExitTryAgain);
  EXPECT_EQ(WorseExitCode(kExitTryAgain, kExitUnreachable), kExitUnreachable);
  EXPECT_EQ(WorseExitCode(kExitFailed, kExitUnreachable), kExitFailed);
  EXPECT_EQ(WorseExitCode(kExitFailed, kExitUsage), kExitUsage);
}

}  // namespace
}  // namespace satchel::cli
