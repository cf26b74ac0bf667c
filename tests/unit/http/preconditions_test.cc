#include "transport/http/preconditions.h"

#include <gtest/gtest.h>

namespace satchel::testing {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kExact = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";

Validators Tagged(const std::string& etag) {
  return {etag, std::chrono::sys_seconds(std::chrono::seconds(784111777))};
}

Precondition Evaluate(Headers headers, const std::string& etag = "\"abc\"") {
  return EvaluatePreconditions({"GET", "/", std::move(headers)}, Tagged(etag));
}

bool RangeApplies(Headers headers, const std::string& etag = "\"abc\"") {
  return RangeMayApply({"GET", "/", std::move(headers)}, Tagged(etag));
}

TEST(PreconditionsTest, WithoutConditionsAllHolds) {
  EXPECT_EQ(Evaluate({}), Precondition::kHolds);
  EXPECT_TRUE(RangeApplies({}));
}

TEST(PreconditionsTest, IfNoneMatchComparesWeakly) {
  for (const char* list : {"\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "\"x\",W/\"abc\",\"y\"", "*",
                           " * ", "\"a,b\", \"abc\"", ",, \"abc\""}) {
    EXPECT_EQ(Evaluate({{"if-none-match", list}}), Precondition::kNotModified) << list;
  }
  for (const char* list :
       {"\"x\"", "\"ab\"", "\"abcd\"", "\"ABC\"", "abc", "\"abc", "", ",", "w/\"abc\"", "**"}) {
    EXPECT_EQ(Evaluate({{"if-none-match", list}}), Precondition::kHolds) << list;
  }
}

TEST(PreconditionsTest, IfMatchComparesStrongly) {
  for (const char* list : {"\"abc\"", "\"x\", \"abc\"", "*"}) {
    EXPECT_EQ(Evaluate({{"if-match", list}}), Precondition::kHolds) << list;
  }
  for (const char* list : {"\"x\"", "W/\"abc\"", "abc", ""}) {
    EXPECT_EQ(Evaluate({{"if-match", list}}), Precondition::kFailed) << list;
  }
}

TEST(PreconditionsTest, WithoutATagNothingMatchesButTheStar) {
  EXPECT_EQ(Evaluate({{"if-none-match", "\"\""}}, ""), Precondition::kHolds);
  EXPECT_EQ(Evaluate({{"if-none-match", "*"}}, ""), Precondition::kNotModified);
  EXPECT_EQ(Evaluate({{"if-match", "\"abc\""}}, ""), Precondition::kFailed);
  EXPECT_FALSE(RangeApplies({{"if-range", "\"\""}}, ""));
}

TEST(PreconditionsTest, DatesCountInWholeSeconds) {
  EXPECT_EQ(Evaluate({{"if-modified-since", kBefore}}), Precondition::kHolds);
  EXPECT_EQ(Evaluate({{"if-modified-since", kExact}}), Precondition::kNotModified);
  EXPECT_EQ(Evaluate({{"if-modified-since", kAfter}}), Precondition::kNotModified);
  EXPECT_EQ(Evaluate({{"if-unmodified-since", kBefore}}), Precondition::kFailed);
  EXPECT_EQ(Evaluate({{"if-unmodified-since", kExact}}), Precondition::kHolds);
  EXPECT_EQ(Evaluate({{"if-modified-since", "nonsense"}}), Precondition::kHolds);
  EXPECT_EQ(Evaluate({{"if-unmodified-since", "nonsense"}}), Precondition::kHolds);
}

TEST(PreconditionsTest, TagsWinOverDates) {
  EXPECT_EQ(Evaluate({{"if-none-match", "\"x\""}, {"if-modified-since", kAfter}}),
            Precondition::kHolds);
  EXPECT_EQ(Evaluate({{"if-match", "\"abc\""}, {"if-unmodified-since", kBefore}}),
            Precondition::kHolds);
  EXPECT_EQ(Evaluate({{"if-match", "\"x\""}, {"if-none-match", "\"abc\""}}), Precondition::kFailed);
}

TEST(PreconditionsTest, IfRangeTakesOnlyTheExactValidator) {
  EXPECT_TRUE(RangeApplies({{"if-range", "\"abc\""}}));
  EXPECT_TRUE(RangeApplies({{"if-range", kExact}}));
  for (const char* condition : {"\"x\"", "W/\"abc\"", kBefore, kAfter, "nonsense", ""}) {
    EXPECT_FALSE(RangeApplies({{"if-range", condition}})) << condition;
  }
}

}  // namespace
}  // namespace satchel::testing
