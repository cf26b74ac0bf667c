#include "adapters/s3/s3_options.h"

#include <gtest/gtest.h>

#include <string>

namespace satchel {
namespace {

std::string UrlOf(const std::string& text, bool secure) {
  const Result<S3Endpoint> endpoint = ParseS3Endpoint("MINIO_ENDPOINT", text, secure);
  return endpoint.ok() ? endpoint->Url() : endpoint.status().ToString();
}

TEST(S3Endpoint, TakesAHostWithOrWithoutAPort) {
  EXPECT_EQ(UrlOf("minio", false), "http://minio");
  EXPECT_EQ(UrlOf("minio:9000", false), "http://minio:9000");
  EXPECT_EQ(UrlOf("10.0.0.1:9000", true), "https://10.0.0.1:9000");
  EXPECT_EQ(UrlOf("[::1]:9000", false), "http://[::1]:9000");
  EXPECT_EQ(UrlOf("[::1]", false), "http://[::1]");
}

TEST(S3Endpoint, ItsOwnSchemeWins) {
  EXPECT_EQ(UrlOf("https://files.example.com", false), "https://files.example.com");
  EXPECT_EQ(UrlOf("HTTP://files.example.com/", true), "http://files.example.com");
}

TEST(S3Endpoint, LeavesOutTheSchemesOwnPort) {
  EXPECT_EQ(UrlOf("files.example.com:443", true), "https://files.example.com");
  EXPECT_EQ(UrlOf("http://files.example.com:80", true), "http://files.example.com");
  EXPECT_EQ(UrlOf("files.example.com:80", true), "https://files.example.com:80");
}

TEST(S3Endpoint, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "minio:", "minio:0", "minio:65536", "minio:9000/path", "a b",
                           "user@minio", "ftp://minio", "http://", ":9000", "minio:90x", "[::1"}) {
    const Result<S3Endpoint> endpoint = ParseS3Endpoint("MINIO_ENDPOINT", text, false);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_TRUE(endpoint.status().Is(Reason::kConfigurationInvalid));
    EXPECT_NE(endpoint.status().message().find("MINIO_ENDPOINT"), std::string::npos);
  }
}

}  // namespace
}  // namespace satchel
