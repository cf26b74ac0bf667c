#include "ports/object_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "core/unreferenced_versions.h"
#include "ports/document.h"

namespace satchel {
namespace {

constexpr char kDay[] = "/2026-03-01/";

TEST(ObjectKey, OrdinaryPathsAreTheirOwnKeys) {
  for (const char* path :
       {"documents/alice/general/2026-03-01/a.txt", "documents/.../..a/2026-03-01/. .txt",
        "documents/ /  /2026-03-01/...txt", "documents/%2E /. ./2026-03-01/\xEF\xBF\xBD.txt",
        "documents/\u2024/\uFF0E/2026-03-01/.txt", ""}) {
    EXPECT_EQ(KeyOfPath(path), path);
    EXPECT_EQ(PathOfKey(path), path);
  }
}

TEST(ObjectKey, NamesThatNotEveryStoreTakesAreSpelledDifferently) {
  EXPECT_EQ(KeyOfPath("documents/. / ../2026-03-01/a.txt"), "documents/\\ / \\\\/2026-03-01/a.txt");
  EXPECT_EQ(KeyOfPath("documents/a\uFFFF/\uFFFEb/2026-03-01/a\uFFFF\uFFFF.txt"),
            "documents/a\\FF/\\FEb/2026-03-01/a\\FF\\FF.txt");
}

TEST(ObjectKey, EachPathHasAKeyOfItsOwnThatIsNoLonger) {
  std::set<std::string> keys;
  const std::vector<std::string> names = {". ",     " .",      " . ",      ".. ", " ..",
                                          "  ..",   ". .",     "FE",       "FF",  "\uFFFE",
                                          "\uFFFF", ".\uFFFF", " . \uFFFE"};
  for (const std::string& user : names) {
    for (const std::string& category : names) {
      const std::string path = "documents/" + user + "/" + category + kDay + user + ".txt";
      const std::string key = KeyOfPath(path);
      EXPECT_TRUE(keys.insert(key).second) << key;
      EXPECT_LE(key.size(), path.size());
      EXPECT_EQ(PathOfKey(key), path);
    }
  }
}

TEST(ObjectKey, AKeyOfNoPathStandsForItself) {
  for (const char* key :
       {"documents/. /a/2026-03-01/a.txt", "documents/a\uFFFF/a/2026-03-01/a.txt",
        "documents/a\\b/a/2026-03-01/a.txt", "documents/\\\\\\/a/2026-03-01/a.txt"}) {
    EXPECT_EQ(PathOfKey(key), key);
  }
}

TEST(ObjectKey, BothSpellingsAreADocuments) {
  const auto is_ours = [](const std::string& key) {
    return IsDocumentVersion({key, ObjectVersion("v")});
  };
  EXPECT_TRUE(is_ours("documents/alice/general/2026-03-01/a.txt"));
  EXPECT_TRUE(is_ours("documents/\\ /general/2026-03-01/a\\FF.txt"));
  EXPECT_TRUE(is_ours("documents/. /general/2026-03-01/a\uFFFF.txt")) << "of an earlier release";
  EXPECT_FALSE(is_ours("documents/\\/general/2026-03-01/a.txt")) << "`.` is no name";
  EXPECT_FALSE(is_ours("documents/a\\b/general/2026-03-01/a.txt"));
}

TEST(ObjectKey, IsMadeOfTheNames) {
  const Timestamp time = ParseDay("2026-03-01").value();
  EXPECT_EQ(DocumentPath(UserId(". "), "c", "a.txt", time), "documents/. /c/2026-03-01/a.txt");
  EXPECT_EQ(ObjectKey(UserId(". "), "c", "a.txt", time), "documents/\\ /c/2026-03-01/a.txt");
}

}  // namespace
}  // namespace satchel
