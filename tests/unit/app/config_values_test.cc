#include "app/config_values.h"

#include <gtest/gtest.h>

#include <limits>

namespace satchel {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(ParseInteger, TakesDecimalDigitsOnly) {
  EXPECT_EQ(ParseInteger("0"), 0);
  EXPECT_EQ(ParseInteger("-7"), -7);
  EXPECT_EQ(ParseInteger("007"), 7);
  EXPECT_EQ(ParseInteger("9223372036854775807"), kMax);
  for (const std::string_view bad :
       {"", "-", "+1", " 1", "1 ", "1.0", "0x10", "1e3", "one", "9223372036854775808", "1,000"}) {
    EXPECT_EQ(ParseInteger(bad), std::nullopt) << bad;
  }
}

TEST(ParseSize, TakesBytesAndUnits) {
  const std::pair<std::string_view, std::int64_t> cases[] = {{"0", 0},
                                                             {"52428800", 52428800},
                                                             {"50MB", 50 << 20},
                                                             {"50mb", 50 << 20},
                                                             {"50 MB", 50 << 20},
                                                             {"10MiB", 10 << 20},
                                                             {"10m", 10 << 20},
                                                             {"1GB", 1 << 30},
                                                             {"2KiB", 2048},
                                                             {"512K", 512 << 10},
                                                             {"7b", 7},
                                                             {"1.5GB", 3LL << 29},
                                                             {"0.5 KiB", 512},
                                                             {"5TiB", 5LL << 40},
                                                             {"8388607TiB", 8388607LL << 40}};
  for (const auto& [text, bytes] : cases) EXPECT_EQ(ParseSize(text), bytes) << text;
}

TEST(ParseSize, RefusesWhatIsNoWholeNumberOfBytes) {
  for (const std::string_view bad : {"",
                                     "MB",
                                     "-5",
                                     "-5MB",
                                     "+5MB",
                                     "50 bananas",
                                     "50MBB",
                                     "50iB",
                                     "50 M B",
                                     "1.",
                                     ".5MB",
                                     "1..5MB",
                                     "1.5.5MB",
                                     "1.5",
                                     "0.3b",
                                     "0.0000001TB",
                                     "1e3",
                                     "0x10",
                                     "5 PB",
                                     "50MB,",
                                     "9223372036854775808",
                                     "8388608TiB",
                                     "8388607.9999999TiB",
                                     "99999999999999999999GB"}) {
    EXPECT_EQ(ParseSize(bad), std::nullopt) << bad;
  }
}

TEST(FormatSize, IsReadBackAsTheSame) {
  for (const std::int64_t bytes :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{1023}, std::int64_t{1024},
        std::int64_t{52428800}, std::int64_t{1} << 30, std::int64_t{5} << 40, kMax}) {
    EXPECT_EQ(ParseSize(FormatSize(bytes)), bytes);
  }
  EXPECT_EQ(FormatSize(52428800), "50MiB");
  EXPECT_EQ(FormatSize(1000), "1000");
}

TEST(ParseBoolean, TakesTheUsualWords) {
  for (const std::string_view yes : {"true", "TRUE", "1", "yes", "Yes", "on", "ON"}) {
    EXPECT_EQ(ParseBoolean(yes), true) << yes;
  }
  for (const std::string_view no : {"false", "False", "0", "no", "NO", "off"}) {
    EXPECT_EQ(ParseBoolean(no), false) << no;
  }
  for (const std::string_view bad : {"", "2", "t", "y", "perhaps", " true", "true "}) {
    EXPECT_EQ(ParseBoolean(bad), std::nullopt) << bad;
  }
}

TEST(ParseList, NormalisesItems) {
  using Items = std::vector<std::string>;
  EXPECT_EQ(ParseList("pdf"), Items{"pdf"});
  EXPECT_EQ(ParseList(" PDF , txt,\tDocx "), (Items{"pdf", "txt", "docx"}));
  EXPECT_EQ(ParseList("a,b,A"), (Items{"a", "b"}));
  EXPECT_EQ(ParseList("a,b,"), (Items{"a", "b"}));
  for (const std::string_view bad : {"", " ", ",", ",a", "a,,b", "a,b,,"}) {
    EXPECT_EQ(ParseList(bad), std::nullopt) << bad;
  }
}

TEST(ParseHostAndPort, TakesNamesAndAddresses) {
  const auto expect = [](std::string_view text, std::string_view host, std::optional<int> port) {
    const std::optional<HostAndPort> parsed = ParseHostAndPort(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->host, host);
    EXPECT_EQ(parsed->port, port);
  };
  expect("minio", "minio", std::nullopt);
  expect("minio:9000", "minio", 9000);
  expect("127.0.0.1:1", "127.0.0.1", 1);
  expect("my_host.example.com:65535", "my_host.example.com", 65535);
  expect("[::1]", "::1", std::nullopt);
  expect("[fe80::1%eth0]:9000", "fe80::1%eth0", 9000);
  for (const std::string_view bad :
       {"", ":9000", "host:", "host:x", "host:65536", "host:-1", "host:+1", "::1", "[::1", "[]:1",
        "[host]:1", "[::1]9000", "a b:1", "http://h", "h/p", "user@h", "-h", "h:1:2", "h:000001"}) {
    EXPECT_FALSE(ParseHostAndPort(bad)) << bad;
  }
}

TEST(IsHost, TakesBareAddresses) {
  for (const std::string_view host : {"0.0.0.0", "::", "::1", "localhost", "db-1.internal"}) {
    EXPECT_TRUE(IsHost(host)) << host;
  }
  for (const std::string_view bad : {"", "not an address", "[::1]", "h:1", "a/b", "ä"}) {
    EXPECT_FALSE(IsHost(bad)) << bad;
  }
}

TEST(ParseHttpUrl, NormalisesTheEnd) {
  EXPECT_EQ(ParseHttpUrl("http://h"), "http://h");
  EXPECT_EQ(ParseHttpUrl("HTTPS://files.example.com:8443/satchel//"),
            "https://files.example.com:8443/satchel");
  EXPECT_EQ(ParseHttpUrl("http://[::1]:8080/"), "http://[::1]:8080");
  for (const std::string_view bad :
       {"", "h", "//h", "ftp://x", "http://", "http:///p", "http://h?x=1", "http://h/#f",
        "http://u:p@h", "http://h/a b", "http://h/\n", "http://h:99999", "http://h/ä"}) {
    EXPECT_EQ(ParseHttpUrl(bad), std::nullopt) << bad;
  }
}

TEST(IsMimeType, TakesTypeAndSubtype) {
  EXPECT_TRUE(IsMimeType("application/vnd.ms-excel"));
  EXPECT_TRUE(IsMimeType("image/svg+xml"));
  for (const std::string_view bad :
       {"", "plain", "a/", "/b", "a/b/c", "a b/c", "*/*", "text/*", "text/plain; charset=x"}) {
    EXPECT_FALSE(IsMimeType(bad)) << bad;
  }
}

TEST(IsBucketName, FollowsS3) {
  for (const std::string_view good : {"documents", "a.b-c", "123", "my-bucket-1"}) {
    EXPECT_TRUE(IsBucketName(good)) << good;
  }
  for (const std::string_view bad : {"", "ab", "Documents", "a_b", "-ab", "ab-", "a..b", "a/b"}) {
    EXPECT_FALSE(IsBucketName(bad)) << bad;
  }
  EXPECT_TRUE(IsBucketName(std::string(63, 'a')));
  EXPECT_FALSE(IsBucketName(std::string(64, 'a')));
}

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("--port", "--port"), 0U);
  EXPECT_EQ(EditDistance("--prot", "--port"), 1U);
  EXPECT_EQ(EditDistance("--por", "--port"), 1U);
  EXPECT_EQ(EditDistance("--sport", "--port"), 1U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
}

}  // namespace
}  // namespace satchel
