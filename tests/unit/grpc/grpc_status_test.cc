#include "transport/grpc/grpc_status.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include "document/document_service.pb.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

template <typename Detail>
std::vector<Detail> Find(const google::rpc::Status& details) {
  std::vector<Detail> found;
  for (const auto& any : details.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) found.push_back(detail);
  }
  return found;
}

TEST(GrpcStatusTest, OkHasNoDetails) {
  const grpc::Status status = ToGrpcStatus(Status(), "r");
  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(status.error_details().empty());
}

TEST(GrpcStatusTest, ErrorInfoAndErrorDetailsAgree) {
  const grpc::Status status = ToGrpcStatus(
      Status(Reason::kQuotaExceeded, "no room").WithMetadata("limit", "10").WithLimitedUser("ada"),
      "r");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const google::rpc::Status details = DetailsOf(status);
  const auto info = Find<google::rpc::ErrorInfo>(details).at(0);
  const auto own = Find<document::ErrorDetails>(details).at(0);
  EXPECT_EQ(info.reason(), "QUOTA_EXCEEDED");
  EXPECT_EQ(info.domain(), "document.satchel");
  EXPECT_EQ(own.error_code(), info.reason());
  EXPECT_EQ(own.error_message(), "no room");
  EXPECT_EQ(own.details().at("limit"), info.metadata().at("limit"));
  EXPECT_EQ(Find<google::rpc::QuotaFailure>(details).at(0).violations(0).subject(), "user:ada");
  EXPECT_TRUE(Find<google::rpc::RetryInfo>(details).empty());
}

TEST(GrpcStatusTest, RetryAndResourceAreStandardDetails) {
  const google::rpc::Status details = DetailsOf(ToGrpcStatus(
      Status(Reason::kDocumentAlreadyExists, "taken").WithResource("the-id").WithRetryAfter(1500ms),
      "r"));
  const auto resource = Find<google::rpc::ResourceInfo>(details).at(0);
  EXPECT_EQ(resource.resource_type(), "document");
  EXPECT_EQ(resource.resource_name(), "the-id");
  const auto retry = Find<google::rpc::RetryInfo>(details).at(0);
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

TEST(GrpcStatusTest, ABugShowsTheRequestIdAndNothingElse) {
  const grpc::Status status = ToGrpcStatus(InternalError("secret inner text"), "request-7");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message().find("secret"), std::string::npos);
  EXPECT_EQ(status.error_details().find("secret"), std::string::npos);
  const auto info = Find<google::rpc::ErrorInfo>(DetailsOf(status)).at(0);
  EXPECT_EQ(info.metadata().at("request_id"), "request-7");
}

TEST(GrpcStatusTest, WhatStaysInsideIsAnInternalErrorOutside) {
  for (const Reason reason : {Reason::kOutcomeUnknown, Reason::kConfigurationInvalid}) {
    EXPECT_EQ(ToGrpcStatus(Status(reason, "inner"), "r").error_code(), grpc::StatusCode::INTERNAL);
  }
}

TEST(GrpcStatusTest, StaysSmallWhateverCallersSend) {
  Status status(Reason::kInvalidField, std::string(100'000, 'm'));
  for (const char* field : {"user_id", "category", "filename", "mime_type", "size"}) {
    status = status.WithField(field, "must not be like this at all", std::string(100'000, '\x01'));
  }
  const grpc::Status mapped = ToGrpcStatus(status, "r");
  EXPECT_LT(mapped.error_details().size() + mapped.error_message().size(), 4096U);
  EXPECT_EQ(Find<google::rpc::BadRequest>(DetailsOf(mapped)).at(0).field_violations_size(), 5);
  EXPECT_EQ(Find<document::ValidationError>(DetailsOf(mapped)).size(), 5U);
}

}  // namespace
}  // namespace satchel
