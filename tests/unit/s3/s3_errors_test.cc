#include "adapters/s3/s3_errors.h"

#include <gtest/gtest.h>

#include <string>

namespace satchel {
namespace {

HttpAnswer Answer(int status, const std::string& code) {
  HttpAnswer answer;
  answer.status = status;
  if (!code.empty()) {
    answer.body = "<Error><Code>" + code + "</Code><Message>a message</Message></Error>";
  }
  return answer;
}

HttpAnswer Fault(HttpFault fault) {
  HttpAnswer answer;
  answer.fault = fault;
  answer.fault_text = "a fault";
  return answer;
}

TEST(S3Errors, AbsentIsOnlyWhatTheStoreSaysIsAbsent) {
  EXPECT_TRUE(IsAbsent(Answer(404, "NoSuchKey")));
  EXPECT_TRUE(IsAbsent(Answer(404, "NoSuchVersion")));
  EXPECT_TRUE(IsAbsent(Answer(400, "InvalidArgument"))) << "versitygw, of a version that is gone";
  EXPECT_TRUE(IsAbsent(Answer(404, ""))) << "of HEAD, which has no body";
  HttpAnswer marker = Answer(405, "MethodNotAllowed");
  EXPECT_FALSE(IsAbsent(marker));
  marker.headers["x-amz-delete-marker"] = "true";
  EXPECT_TRUE(IsAbsent(marker));

  EXPECT_FALSE(IsAbsent(Answer(404, "NoSuchBucket")));
  HttpAnswer page = Answer(404, "");
  page.body = "<html>404 Not Found, says a proxy</html>";
  EXPECT_FALSE(IsAbsent(page));
  EXPECT_FALSE(IsAbsent(Answer(403, "AccessDenied")));
  EXPECT_FALSE(IsAbsent(Answer(503, "SlowDown")));
  EXPECT_FALSE(IsAbsent(Fault(HttpFault::kNotReached)));
  EXPECT_FALSE(IsAbsent(Fault(HttpFault::kBroken)));
}

TEST(S3Errors, OnlyWhatCertainlyDidNothingIsNotDone) {
  EXPECT_TRUE(IsNotDone(Fault(HttpFault::kNotReached)));
  EXPECT_TRUE(IsNotDone(Answer(503, "SlowDown")));
  EXPECT_FALSE(IsNotDone(Fault(HttpFault::kBroken)));
  EXPECT_FALSE(IsNotDone(Answer(500, "InternalError")));
  EXPECT_FALSE(IsNotDone(Answer(503, ""))) << "a proxy may say it after the store took it";
  EXPECT_TRUE(IsTransient(Fault(HttpFault::kBroken)));
  EXPECT_TRUE(IsTransient(Answer(500, "InternalError")));
  EXPECT_FALSE(IsTransient(Fault(HttpFault::kUntrusted)));
  EXPECT_FALSE(IsTransient(Fault(HttpFault::kNoTls)));
  EXPECT_FALSE(IsNotDone(Fault(HttpFault::kNoTls))) << "asking again helps nothing";
  EXPECT_FALSE(IsTransient(Fault(HttpFault::kCallEnded)));
  EXPECT_FALSE(IsTransient(Answer(403, "AccessDenied")));
  EXPECT_FALSE(IsTransient(Answer(507, "XMinioStorageFull")));
}

TEST(S3Errors, WhatOnlyAnOperatorCanChangeStopsTheStartAndSaysWhatToDo) {
  const struct {
    int status;
    const char* code;
    const char* advice;
  } kCases[] = {{403, "AccessDenied", "right"},
                {403, "", "right"},
                {403, "InvalidAccessKeyId", "MINIO_ACCESS_KEY"},
                {403, "SignatureDoesNotMatch", "MINIO_SECRET_KEY"},
                {403, "RequestTimeTooSkewed", "NTP"},
                {400, "AuthorizationHeaderMalformed", "MINIO_REGION"},
                {301, "PermanentRedirect", "MINIO_REGION"},
                {404, "NoSuchBucket", "MINIO_BUCKET"},
                {501, "NotImplemented", "lacks"}};
  for (const auto& c : kCases) {
    const Status status = S3SetupError("HeadBucket", Answer(c.status, c.code));
    EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid)) << c.code << status.ToString();
    EXPECT_NE(status.message().find(c.advice), std::string::npos) << status.ToString();
    const Status call = S3Error("GetObject", Answer(c.status, c.code));
    EXPECT_TRUE(call.Is(Reason::kObjectStoreUnavailable)) << c.code;
    EXPECT_NE(call.cause().find(c.advice), std::string::npos) << call.ToString();
    EXPECT_EQ(call.message().find("MINIO"), std::string::npos) << "callers need not know";
    EXPECT_TRUE(call.retry_after().has_value());
  }
  const Status untrusted = S3SetupError("HeadBucket", Fault(HttpFault::kUntrusted));
  EXPECT_TRUE(untrusted.Is(Reason::kConfigurationInvalid));
  EXPECT_NE(untrusted.message().find("MINIO_CA"), std::string::npos) << untrusted.ToString();
  const Status plain = S3SetupError("HeadBucket", Fault(HttpFault::kNoTls));
  EXPECT_TRUE(plain.Is(Reason::kConfigurationInvalid));
  EXPECT_NE(plain.message().find("MINIO_SECURE=false"), std::string::npos) << plain.ToString();
}

TEST(S3Errors, WhatPassesDoesNotStopTheStart) {
  for (const HttpAnswer& answer :
       {Answer(503, "SlowDown"), Answer(500, ""), Fault(HttpFault::kNotReached),
        Fault(HttpFault::kBroken), Answer(507, "XMinioStorageFull"), Answer(507, "")}) {
    const Status status = S3SetupError("HeadBucket", answer);
    EXPECT_TRUE(status.Is(Reason::kObjectStoreUnavailable)) << status.ToString();
    EXPECT_TRUE(status.retry_after().has_value());
  }
  EXPECT_NE(S3Error("PutObject", Answer(507, "XMinioStorageFull")).message().find("full"),
            std::string::npos);
}

// An error whose retry is further away than 30 s is no outage to whoever counts them.
TEST(S3Errors, ARefusalOfOneRequestIsAnAnswer) {
  for (const HttpAnswer& answer :
       {Answer(400, "XMinioInvalidResourceName"), Answer(400, "KeyTooLongError"), Answer(400, ""),
        Answer(409, "SomethingNew"), Answer(411, "MissingContentLength"), Answer(404, "")}) {
    const Status status = S3Error("PutObject", answer);
    EXPECT_TRUE(status.Is(Reason::kObjectStoreUnavailable)) << status.ToString();
    EXPECT_GE(status.retry_after(), std::chrono::seconds(30)) << status.ToString();
    EXPECT_TRUE(S3SetupError("PutObject", answer).Is(Reason::kObjectStoreUnavailable));
  }
  HttpAnswer page = Answer(404, "");
  page.body = "<html>404 Not Found, says a proxy</html>";
  for (const HttpAnswer& answer : {Answer(408, ""), Answer(429, "TooManyRequests"),
                                   Answer(400, "RequestTimeout"), Answer(500, ""), page}) {
    EXPECT_LT(S3Error("PutObject", answer).retry_after(), std::chrono::seconds(30));
  }
  EXPECT_TRUE(IsNoKey(Answer(400, "XMinioInvalidResourceName")));
  EXPECT_FALSE(IsNoKey(Answer(400, "InvalidArgument")));
}

TEST(S3Errors, TheCallersOwnEndStaysWhatItIs) {
  HttpAnswer answer = Fault(HttpFault::kCallEnded);
  answer.call_status = Status(Reason::kDeadlineExceeded, "late");
  EXPECT_TRUE(S3Error("GetObject", answer).Is(Reason::kDeadlineExceeded));
  EXPECT_TRUE(S3SetupError("HeadBucket", answer).Is(Reason::kDeadlineExceeded));
}

}  // namespace
}  // namespace satchel
