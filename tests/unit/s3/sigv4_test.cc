// Signature Version 4 against the vectors that AWS publishes.

#include "adapters/s3/sigv4.h"

#include <gtest/gtest.h>

namespace satchel {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;

constexpr char kEmptyHash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// "Signature calculations for the Authorization header" in the S3 API reference.
class S3Examples : public testing::Test {
 protected:
  /// With the headers that all of the examples have.
  static SignableRequest Request(const std::string& method, const std::string& path, S3Query query,
                                 const std::string& payload_hash = kEmptyHash) {
    return {.method = method,
            .path = path,
            .query = std::move(query),
            .headers = {{"host", "examplebucket.s3.amazonaws.com"},
                        {"x-amz-content-sha256", payload_hash},
                        {"x-amz-date", "20130524T000000Z"}},
            .payload_hash = payload_hash};
  }

  std::string SignatureOf(const SignableRequest& request) const {
    return Signature(scope_, StringToSign(scope_, CanonicalRequest(request)));
  }

  const S3Credentials credentials_{Secret("AKIAIOSFODNN7EXAMPLE"),
                                   Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")};
  const SigningScope scope_{.credentials = &credentials_,
                            .region = "us-east-1",
                            .service = "s3",
                            .time = sys_days(year(2013) / 5 / 24)};
};

TEST_F(S3Examples, GetObject) {
  SignableRequest request = Request("GET", "/test.txt", {});
  request.headers["range"] = "bytes=0-9";
  EXPECT_EQ(HexSha256(CanonicalRequest(request)),
            "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
  EXPECT_EQ(AuthorizationHeader(scope_, request),
            "AWS4-HMAC-SHA256 "
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(S3Examples, PutObject) {
  SignableRequest request =
      Request("PUT", "/test$file.text", {}, HexSha256("Welcome to Amazon S3."));
  request.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
  request.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
  EXPECT_EQ(request.payload_hash,
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  EXPECT_EQ(HexSha256(CanonicalRequest(request)),
            "9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d");
  EXPECT_EQ(SignatureOf(request),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(S3Examples, GetBucketLifecycle) {
  const SignableRequest request = Request("GET", "/", {{"lifecycle", ""}});
  EXPECT_EQ(HexSha256(CanonicalRequest(request)),
            "9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca");
  EXPECT_EQ(SignatureOf(request),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(S3Examples, ListObjects) {
  const SignableRequest request = Request("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}});
  EXPECT_EQ(HexSha256(CanonicalRequest(request)),
            "df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7");
  EXPECT_EQ(SignatureOf(request),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_F(S3Examples, PresignedUrl) {
  const SignableRequest request{.method = "GET",
                                .path = "/test.txt",
                                .query = {},
                                .headers = {{"host", "examplebucket.s3.amazonaws.com"}},
                                .payload_hash = {}};
  EXPECT_EQ(PresignedQuery(scope_, request, seconds(86400)),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

/// The general test suite of Signature Version 4.
class TestSuite : public testing::Test {
 protected:
  static SignableRequest Request(const std::string& method, const std::string& path,
                                 S3Query query = {}) {
    return {.method = method,
            .path = path,
            .query = std::move(query),
            .headers = {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}},
            .payload_hash = kEmptyHash};
  }

  std::string SignatureOf(const SignableRequest& request) const {
    return Signature(scope_, StringToSign(scope_, CanonicalRequest(request)));
  }

  const S3Credentials credentials_{Secret("AKIDEXAMPLE"),
                                   Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
  const SigningScope scope_{.credentials = &credentials_,
                            .region = "us-east-1",
                            .service = "service",
                            .time = sys_days(year(2015) / 8 / 30) + hours(12) + minutes(36)};
};

TEST_F(TestSuite, GetVanilla) {
  const std::string canonical = CanonicalRequest(Request("GET", "/"));
  EXPECT_EQ(StringToSign(scope_, canonical),
            "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"
            "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
  EXPECT_EQ(SignatureOf(Request("GET", "/")),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST_F(TestSuite, PostVanilla) {
  EXPECT_EQ(SignatureOf(Request("POST", "/")),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST_F(TestSuite, GetVanillaQueryOrderKey) {
  EXPECT_EQ(SignatureOf(Request("GET", "/", {{"Param2", "value2"}, {"Param1", "value1"}})),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

TEST_F(TestSuite, GetUnreserved) {
  EXPECT_EQ(SignatureOf(Request(
                "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")),
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f");
}

TEST_F(TestSuite, GetUtf8) {
  EXPECT_EQ(SignatureOf(Request("GET", "/\u1234")),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
}

TEST_F(TestSuite, GetHeaderValueTrim) {
  SignableRequest request = Request("GET", "/");
  request.headers["my-header1"] = " value1";
  request.headers["my-header2"] = " \"a   b   c\"";
  EXPECT_EQ(SignatureOf(request),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
}

TEST(SigV4, PathsAreEncodedOnceAndNeverNormalized) {
  EXPECT_EQ(EncodePath("/b/a b/../%2e/...//\u00e4+~'\"*"),
            "/b/a%20b/../%252e/...//%C3%A4%2B~%27%22%2A");
}

TEST(SigV4, QueriesAreSortedByTheirEncodedForm) {
  EXPECT_EQ(EncodeQuery({{"b", "2"}, {"a", ""}, {"B", "1 +&="}, {"a", "0"}}),
            "B=1%20%2B%26%3D&a=&a=0&b=2");
}

}  // namespace
}  // namespace satchel
