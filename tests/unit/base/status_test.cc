#include "base/status.h"

#include <gtest/gtest.h>

namespace satchel {
namespace {

using namespace std::chrono_literals;

TEST(StatusTest, DefaultIsOk) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kOk);
  EXPECT_EQ(status.WithMetadata("k", "v").metadata().size(), 0U);
}

TEST(StatusTest, DetailsAddUpAndDoNotTouchTheOriginal) {
  const Status plain(Reason::kQuotaExceeded, "full");
  const Status rich = plain.WithMetadata("limit", "10")
                          .WithField("size", "is too much", "11")
                          .WithResource("id")
                          .WithRetryAfter(5s)
                          .WithCause("inner")
                          .WithContext("upload");
  EXPECT_TRUE(plain.metadata().empty());
  EXPECT_EQ(rich.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(rich.message(), "upload: full");
  EXPECT_EQ(rich.metadata().at("limit"), "10");
  EXPECT_EQ(rich.field_violations().at(0), (FieldViolation{"size", "is too much", "11"}));
  EXPECT_EQ(rich.resource(), "id");
  EXPECT_EQ(rich.retry_after(), 5s);
  EXPECT_EQ(rich.ToString(), "RESOURCE_EXHAUSTED (QUOTA_EXCEEDED): upload: full [inner]");
}

TEST(StatusTest, EchoedValuesAreCutWithinNoCharacter) {
  const Status status = InvalidField("filename", "is too long", std::string(127, 'a') + "ä");
  EXPECT_EQ(status.field_violations().at(0).rejected_value, std::string(127, 'a'));
}

TEST(ResultTest, HoldsAValueOrAnError) {
  const Result<int> value(7);
  EXPECT_TRUE(value.ok());
  EXPECT_EQ(*value, 7);
  const Result<int> error(Status(Reason::kInternal, "no"));
  EXPECT_FALSE(error.ok());
  EXPECT_EQ(error.status().reason(), Reason::kInternal);
}

TEST(ResultTest, AnOkStatusIsNoValue) {
  const Result<int> wrong{Status()};
  EXPECT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.status().reason(), Reason::kInternal);
}

}  // namespace
}  // namespace satchel
