#include "adapters/localfs/local_link_signer.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/limits.h"
#include "base/text.h"

namespace satchel::testing {
namespace {

using Kind = LinkVerdict::Kind;
using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kBase = "http://localhost:8080";
constexpr const char* kId = "0b0e4f6e-6f39-4c8a-9a43-2f9c57f0f3d1";

class ManualClock final : public Clock {
 public:
  Timestamp WallNow() const override { return now_; }
  SteadyTime SteadyNow() const override { return SteadyTime(now_.time_since_epoch()); }
  void Set(Timestamp now) { now_ = now; }

 private:
  Timestamp now_{std::chrono::milliseconds(1'800'000'000'250)};
};

class LocalLinkSignerTest : public ::testing::Test {
 protected:
  /// The request target of a link to a document of this name.
  std::string Target(const std::string& filename, minutes life = minutes(30)) {
    Document document;
    document.id = DocumentId(kId);
    document.filename = filename;
    const auto link = signer_.Sign(call_, document, life);
    EXPECT_TRUE(link.ok());
    EXPECT_THAT(link->url, StartsWith(kBase));
    return link->url.substr(std::string(kBase).size());
  }

  const CallContext call_{"test"};
  ManualClock clock_;
  LocalLinkSigner signer_{kBase, Secret(std::string(32, 'k')), clock_};
};

TEST_F(LocalLinkSignerTest, HasTheDocumentedForm) {
  const std::string start =
      std::string("/d/") + kId + "/100%25%20%22real%22.pdf?expires=1800001801";
  const std::string target = Target("100% \"real\".pdf");
  ASSERT_EQ(target.size(), start.size() + 11 + 64);
  EXPECT_EQ(target.substr(0, start.size() + 11), start + "&signature=");

  const std::string key(32, 'k');
  const std::string message = "GET\n" + start;
  std::array<std::byte, 32> digest = {};
  HMAC(EVP_sha256(), key.data(), 32, reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  EXPECT_EQ(target.substr(start.size() + 11), HexEncode(digest));
}

TEST_F(LocalLinkSignerTest, AcceptsItsOwnLinksOfAnyName) {
  for (const std::string& name :
       {std::string("a.pdf"), std::string("a b.pdf"), std::string("a+b#c?d&e=f.pdf"),
        std::string("50%25.pdf"), std::string("Прüfung 試験 😀.pdf"), std::string("..pdf"),
        std::string("?expires=1&signature=2"), std::string(255, 'x')}) {
    const LinkVerdict verdict = signer_.Verify(Target(name));
    EXPECT_EQ(verdict.kind, Kind::kValid) << name;
    EXPECT_EQ(verdict.document.value(), kId) << name;
  }
}

TEST_F(LocalLinkSignerTest, RefusesEveryChangedByte) {
  const std::string target = Target("Prüfung 1.pdf");
  for (std::size_t i = 0; i < target.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = target;
      changed[i] = static_cast<char>(value);
      if (changed == target) continue;
      EXPECT_EQ(signer_.Verify(changed).kind, Kind::kBad) << i << " " << value;
    }
  }
}

TEST_F(LocalLinkSignerTest, RefusesEveryOtherFormOfTheSameLink) {
  const std::string target = Target("a b.pdf");
  for (std::size_t length = 0; length < target.size(); ++length) {
    EXPECT_EQ(signer_.Verify(target.substr(0, length)).kind, Kind::kBad) << length;
    EXPECT_EQ(signer_.Verify(target.substr(target.size() - length)).kind, Kind::kBad) << length;
  }
  std::string upper = target;
  for (std::size_t i = target.size() - 64; i < target.size(); ++i) {
    upper[i] = static_cast<char>(::toupper(upper[i]));
  }
  const std::string signature = target.substr(target.size() - 64);
  const std::string query = target.substr(target.find('?') + 1);
  const std::string path = target.substr(0, target.find('?'));
  for (const std::string& other :
       {upper, target + "&", target + "&x=1", target + "#", "/" + target, target + target,
        target + "&signature=" + signature, path + "?" + query + "&" + query,
        path + "?signature=" + signature + "&" + query.substr(0, query.find('&')),
        path + "//?" + query, kBase + target, "/x/.." + target, "/%64" + target.substr(2),
        path.substr(0, path.find("%20")) + "+" + path.substr(path.find("%20") + 3) + "?" + query}) {
    EXPECT_EQ(signer_.Verify(other).kind, Kind::kBad) << other;
  }
}

TEST_F(LocalLinkSignerTest, RefusesWhatHoldsNoLinkAtAll) {
  for (const std::string& target :
       {std::string(), std::string("/"), std::string("/d/"), std::string(100, '/'),
        "&signature=" + std::string(64, '0'),
        std::string("/d/") + kId + "/a?expires=99999999999&signature=" + std::string(64, '0')}) {
    EXPECT_EQ(signer_.Verify(target).kind, Kind::kBad) << target;
  }
}

TEST_F(LocalLinkSignerTest, ExpiresByTheWallClock) {
  const std::string target = Target("a.pdf", minutes(1));
  const Timestamp expiry{std::chrono::seconds(1'800'000'061)};
  clock_.Set(expiry - std::chrono::milliseconds(1));
  EXPECT_EQ(signer_.Verify(target).kind, Kind::kValid);
  clock_.Set(expiry);
  EXPECT_EQ(signer_.Verify(target).kind, Kind::kExpired);
  EXPECT_TRUE(signer_.Verify(target).document.empty());
}

TEST_F(LocalLinkSignerTest, ReportsTheExpiryThatIsInTheLink) {
  Document document;
  document.id = DocumentId(kId);
  document.filename = "a.pdf";
  const auto link = signer_.Sign(call_, document, kLinkLifeMax);
  ASSERT_TRUE(link.ok());
  EXPECT_EQ(link->expires_at, Timestamp(std::chrono::seconds(1'800'604'801)));
  EXPECT_THAT(link->url, HasSubstr("?expires=1800604801&"));
}

TEST_F(LocalLinkSignerTest, AnotherKeyMakesOtherLinks) {
  LocalLinkSigner other(kBase, Secret(std::string(32, 'K')), clock_);
  EXPECT_EQ(other.Verify(Target("a.pdf")).kind, Kind::kBad);
}

TEST_F(LocalLinkSignerTest, ForgivesASlashBehindThePublicUrl) {
  LocalLinkSigner other(std::string(kBase) + "/", Secret(std::string(32, 'k')), clock_);
  Document document;
  document.id = DocumentId(kId);
  document.filename = "a.pdf";
  EXPECT_EQ(other.Sign(call_, document, minutes(30))->url, kBase + Target("a.pdf"));
}

TEST_F(LocalLinkSignerTest, KeepsIdsOfOtherProgramsWhole) {
  Document document;
  document.id = DocumentId("a/b?c 1");
  document.filename = "a.pdf";
  const auto link = signer_.Sign(call_, document, minutes(30));
  const LinkVerdict verdict = signer_.Verify(link->url.substr(std::string(kBase).size()));
  EXPECT_EQ(verdict.kind, Kind::kValid);
  EXPECT_EQ(verdict.document, document.id);
}

}  // namespace
}  // namespace satchel::testing
