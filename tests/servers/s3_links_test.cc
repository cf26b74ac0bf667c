// Links that the store itself answers: the signature against boto3's, the rest against the stores.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "adapters/s3/s3_link_signer.h"
#include "base/content_disposition.h"
#include "base/text.h"
#include "servers/s3_rig.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> kNames = {"plain.txt",
                                         "a b  c.txt",
                                         "100%.txt",
                                         "a+b.txt",
                                         "%2B%20.txt",
                                         "#?&=;:@,.txt",
                                         "'single' \"double\".txt",
                                         "~tilde~.txt",
                                         "....txt",
                                         "...",
                                         "\U0001F4DA \u00e4\u65e5\u672c.txt",
                                         "!*().txt",
                                         "trailing space.txt ",
                                         "[a]{b}|^`<>$.txt"};

Document DocumentOf(const ObjectRef& object, const std::string& filename) {
  Document document;
  document.object_key = object.key;
  document.version = object.version;
  document.filename = filename;
  document.mime_type = "text/plain";
  return document;
}

/// As a client that knows nothing but the link.
HttpAnswer Fetch(const std::string& url, const S3Headers& headers = {}) {
  static const S3StoreOptions options;
  HttpChannel channel(options);
  OutgoingRequest request;
  request.method = "GET";
  request.url = url;
  request.headers = headers;
  return channel.Perform(CallContext("fetch"), std::move(request));
}

/// The parameters of a URL's query; what stands before it under "".
std::map<std::string, std::string> Parts(const std::string& url) {
  std::map<std::string, std::string> parts;
  const std::size_t question = url.find('?');
  parts[""] = url.substr(0, question);
  std::istringstream query(url.substr(question + 1));
  std::string parameter;
  while (std::getline(query, parameter, '&')) {
    const std::size_t equals = parameter.find('=');
    parts[parameter.substr(0, equals)] = parameter.substr(equals + 1);
  }
  return parts;
}

/// "20261125T190000Z".
std::chrono::sys_seconds ParseAmzDate(const std::string& text) {
  const auto number = [&](std::size_t from, std::size_t count) {
    return std::stoi(text.substr(from, count));
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(6, 2)))};
  return std::chrono::sys_days(day) + std::chrono::hours(number(9, 2)) +
         std::chrono::minutes(number(11, 2)) + std::chrono::seconds(number(13, 2));
}

TEST(S3Links, AreThoseOfBoto3) {
  const TemporaryFolder folder;
  const S3LinkOptions options{.endpoint = {true, "files.example.com:9443"},
                              .region = "eu-central-1",
                              .bucket = "documents",
                              .credentials = {Secret("AKIAEXAMPLE"), Secret("s3cr3t/+=")}};
  std::vector<Document> documents;
  std::ofstream cases(folder.File("cases"));
  for (const std::string& name : kNames) {
    documents.push_back(DocumentOf({"documents/al ice/c+%/2026-03-01/" + name,
                                    ObjectVersion("3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY/=")},
                                   name));
    const nlohmann::json line = {{"endpoint", options.endpoint.Url()},
                                 {"region", options.region},
                                 {"bucket", options.bucket},
                                 {"key", documents.back().object_key},
                                 {"version", documents.back().version.value()},
                                 {"disposition", AttachmentDisposition(name)},
                                 {"type", "text/plain"},
                                 {"life", 1800}};
    cases << line.dump() << "\n";
  }
  cases.close();
  ChildProcess python({"/usr/bin/env", "AWS_ACCESS_KEY_ID=AKIAEXAMPLE",
                       "AWS_SECRET_ACCESS_KEY=s3cr3t/+=", CacheFile("venv/bin/python"),
                       std::string(SATCHEL_SOURCE_DIR) + "/tests/servers/presign_with_boto3.py",
                       folder.File("cases")},
                      folder.File("urls"));
  ASSERT_EQ(python.Wait(), 0) << std::ifstream(folder.File("urls")).rdbuf();
  std::ifstream urls(folder.File("urls"));
  std::string theirs;
  for (const Document& document : documents) {
    ASSERT_TRUE(std::getline(urls, theirs));
    const std::map<std::string, std::string> parts = Parts(theirs);
    const SignedLink ours =
        PresignDocument(options, document, ParseAmzDate(parts.at("X-Amz-Date")), 1800s);
    EXPECT_EQ(Parts(ours.url), parts) << document.filename;
  }
}

class S3LinksOnServers : public testing::TestWithParam<S3Server::Kind> {
 protected:
  S3LinksOnServers()
      : options_(S3Server::Shared(GetParam()).Options()),
        rig_(options_),
        link_options_{options_.endpoint, options_.region, options_.bucket, options_.credentials},
        signer_(link_options_, S3Rig::DefaultClock()) {
    EXPECT_TRUE(rig_.SetUp().ok());
  }

  static bool IsVersitygw() { return GetParam() == S3Server::Kind::kVersitygw; }

  std::string LinkTo(const Document& document) {
    return signer_.Sign(rig_.call, document, 5min).value().url;
  }

  const S3StoreOptions options_;
  S3Rig rig_;
  const S3LinkOptions link_options_;
  S3LinkSigner signer_;
};

TEST_P(S3LinksOnServers, AnyoneGetsTheDocumentUnderItsName) {
  for (const std::string& name : kNames) {
    const std::string key = "documents/al ice/c+%/2026-03-01/" + name;
    const ObjectRef object = rig_.Put(rig_.SpecOf(name, key), name).value();
    const std::string url = LinkTo(DocumentOf(object, name));
    const HttpAnswer answer = Fetch(url);
    ASSERT_EQ(answer.status, 200) << name << answer.body << answer.fault_text;
    EXPECT_EQ(answer.body, name);
    EXPECT_EQ(answer.Header("content-disposition"), AttachmentDisposition(name));
    EXPECT_EQ(answer.Header("content-type"), "text/plain");
  }
}

TEST_P(S3LinksOnServers, APartOfItCanBeAskedFor) {
  const ObjectRef object = rig_.Put("0123456789").value();
  const HttpAnswer answer = Fetch(LinkTo(DocumentOf(object, "a.txt")), {{"range", "bytes=3-5"}});
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.body, "345");
}

TEST_P(S3LinksOnServers, AChangedByteIsRefused) {
  const ObjectRef object = rig_.Put("content").value();
  const ObjectRef other =
      rig_.Put(rig_.SpecOf("other", "documents/bob/general/2026-03-01/b.txt"), "other").value();
  const std::string url = LinkTo(DocumentOf(object, "a.txt"));
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"X-Amz-Expires=300", "X-Amz-Expires=301"},
           {"text%2Fplain", "text%2Fhtml"},
           {"attachment", "inline"},
           {EncodePath(object.key), EncodePath(other.key)},
           {object.version.value(), other.version.value()}}) {
    std::string changed = url;
    ASSERT_NE(changed.find(from), std::string::npos) << from;
    changed.replace(changed.find(from), from.size(), to);
    EXPECT_EQ(Fetch(changed).status, 403) << from;
  }
  EXPECT_EQ(Fetch(url).status, 200);
}

TEST_P(S3LinksOnServers, TheStoreItselfDeniesAnExpiredOne) {
  const ObjectRef object = rig_.Put("content").value();
  const auto now = std::chrono::floor<std::chrono::seconds>(S3Rig::DefaultClock().WallNow());
  const SignedLink link = PresignDocument(link_options_, DocumentOf(object, "a.txt"), now, 1s);
  SystemPauses pauses;
  const CallContext patience("patience", std::chrono::steady_clock::now() + 10s);
  HttpAnswer answer = Fetch(link.url);
  while (answer.status == 200 && pauses.Wait(patience, 50ms).ok()) answer = Fetch(link.url);
  EXPECT_EQ(answer.status, 403) << answer.body;
  EXPECT_GE(S3Rig::DefaultClock().WallNow(), link.expires_at);
}

TEST_P(S3LinksOnServers, ADeletedDocumentsLinkFindsNoLaterOneOfTheName) {
  const ObjectRef old = rig_.Put("old").value();
  const std::string url = LinkTo(DocumentOf(old, "a.txt"));
  ASSERT_TRUE(rig_.store.Remove(rig_.call, old).ok());
  const ObjectRef newer = rig_.Put("newer").value();
  const HttpAnswer answer = Fetch(url);
  EXPECT_TRUE(answer.status == 404 || (answer.status == 400 && IsVersitygw())) << answer.status;
  EXPECT_EQ(Fetch(LinkTo(DocumentOf(newer, "a.txt"))).body, "newer");
}

TEST_P(S3LinksOnServers, NamesAVersionOrIsNone) {
  const ObjectRef object = rig_.Put("content").value();
  EXPECT_TRUE(signer_.Sign(rig_.call, DocumentOf({object.key, {}}, "a.txt"), 5min)
                  .status()
                  .Is(Reason::kInternal));
}

INSTANTIATE_TEST_SUITE_P(Servers, S3LinksOnServers,
                         testing::Values(S3Server::Kind::kMinio, S3Server::Kind::kVersitygw),
                         [](const auto& kind) {
                           return kind.param == S3Server::Kind::kMinio ? "Minio" : "Versitygw";
                         });

}  // namespace
}  // namespace satchel
