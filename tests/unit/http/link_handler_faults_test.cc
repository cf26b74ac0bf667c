/// Links to documents whose bytes or rows cannot be had.
#include <gmock/gmock.h>

#include "unit/http/link_fixture.h"
#include "unit/http/memory_object.h"

namespace satchel::testing {
namespace {

TEST_F(LinkHandlerTest, AMissingObjectIsAnErrorThatCounts) {
  const Document document = Store("a.pdf", "content");
  std::filesystem::remove(ObjectPath(document));
  EXPECT_EQ(Get(Link(document)).status, 500U);
  const auto records = observer_.Records(1);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records[0].status.Is(Reason::kChecksumMismatch));
  EXPECT_FALSE(records[0].caller_at_fault);
}

TEST_F(LinkHandlerTest, AnObjectOfAnotherLengthIsAnErrorThatCounts) {
  for (const std::uintmax_t length : {0U, 6U, 8U}) {
    const Document document = Store("a.pdf", "content");
    std::filesystem::resize_file(ObjectPath(document), length);
    EXPECT_EQ(Get(Link(document)).status, 500U) << length;
    HttpClient client(port());
    client.Request(Link(document), "", "HEAD");
    EXPECT_EQ(client.Receive(false).status, 500U) << length;
  }
  EXPECT_EQ(observer_.Records(6).size(), 6U);
}

TEST_F(LinkHandlerTest, ASymbolicLinkIsNoObject) {
  const Document document = Store("a.pdf", "content");
  const auto elsewhere = path_ / "elsewhere";
  std::filesystem::rename(ObjectPath(document), elsewhere);
  std::filesystem::create_symlink(elsewhere, ObjectPath(document));
  EXPECT_EQ(Get(Link(document)).status, 500U);
}

TEST_F(LinkHandlerTest, AnUnreachableDatabaseIsTemporary) {
  documents_->failure = Status(Reason::kDatabaseUnavailable, "down").WithCause("secret inside");
  const HttpAnswer answer = Get(Link(Store("a.pdf", "content")));
  EXPECT_EQ(answer.status, 503U);
  EXPECT_TRUE(answer.headers.contains("retry-after"));
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  EXPECT_TRUE(observer_.Records(1)[0].status.Is(Reason::kDatabaseUnavailable));
}

TEST_F(LinkHandlerTest, ABugShowsNothingInside) {
  documents_->failure = InternalError("secret inside");
  const HttpAnswer answer = Get(Link(Store("a.pdf", "content")));
  EXPECT_EQ(answer.status, 500U);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
}

TEST_F(LinkHandlerTest, AClientThatLeavesIsNoFailureOfOurs) {
  const Document document = Store("a.pdf", Pattern(20'000'000));
  {
    HttpClient client(port(), 4096);
    client.Request(Link(document));
    EXPECT_EQ(client.Receive(false).status, 200U);
  }
  const auto records = observer_.Records(1);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records[0].status.Is(Reason::kCancelled));
  EXPECT_TRUE(records[0].caller_at_fault);
}

}  // namespace
}  // namespace satchel::testing
