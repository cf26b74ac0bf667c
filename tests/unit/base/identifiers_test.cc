#include "base/identifiers.h"

#include <gtest/gtest.h>

#include <set>

namespace satchel {
namespace {

TEST(IdentifiersTest, DocumentIdIsAVersion4Uuid) {
  SecureIdGenerator ids;
  for (int i = 0; i < 100; ++i) {
    const std::string id = ids.NewDocumentId().value();
    EXPECT_TRUE(IsUuid(id)) << id;
    EXPECT_EQ(id[14], '4') << id;
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
  }
}

TEST(IdentifiersTest, IdsDoNotRepeat) {
  SecureIdGenerator ids;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(ids.NewAttemptId().value()).second);
}

TEST(IdentifiersTest, RefusesWhatIsNoUuid) {
  for (const char* text :
       {"", "x", "00000000-0000-4000-8000-00000000000", "00000000-0000-4000-8000-0000000000000",
        "00000000x0000-4000-8000-000000000000", "0000000g-0000-4000-8000-000000000000",
        "000000000-000-4000-8000-000000000000"}) {
    EXPECT_FALSE(IsUuid(text)) << text;
  }
  EXPECT_TRUE(IsUuid("00000000-0000-4000-8000-00000000000F"));
}

}  // namespace
}  // namespace satchel
