#include "s3_server.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "adapters/s3/s3_client.h"
#include "adapters/s3/s3_requests.h"
#include "support/free_port.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr char kAccessKey[] = "satchel-tests";
constexpr char kSecretKey[] = "secret of the tests + / = %";
constexpr std::chrono::seconds kStartTimeMax{60};

}  // namespace

std::string CacheFile(const std::string& name) {
  const char* cache = std::getenv("SATCHEL_CACHE");
  const char* home = std::getenv("HOME");
  const std::filesystem::path folder =
      cache != nullptr ? std::filesystem::path(cache)
                       : std::filesystem::path(home == nullptr ? "/" : home) / ".cache/satchel";
  const std::filesystem::path file = folder / name;
  if (::access(file.c_str(), R_OK) != 0) {
    throw std::runtime_error(file.string() + " is missing: run tools/bootstrap test");
  }
  return file.string();
}

std::string S3Server::Output() const {
  std::ifstream stream(folder_.File("log"), std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

S3Server::S3Server(Kind kind, const std::string& certificates)
    : kind_(kind), certificates_(certificates), port_(FreePort()) {
  std::filesystem::create_directories(folder_.path() / "data");
  std::filesystem::create_directories(folder_.path() / "versions");
  Restart();
}

S3Server& S3Server::Shared(Kind kind) {
  static S3Server minio(Kind::kMinio);
  if (kind == Kind::kMinio) return minio;
  static S3Server versitygw(Kind::kVersitygw);
  return versitygw;
}

S3Endpoint S3Server::endpoint() const {
  return {!certificates_.empty(), "127.0.0.1:" + std::to_string(port_)};
}

S3StoreOptions S3Server::Options(const std::string& bucket) const {
  static std::atomic<int> buckets{0};
  S3StoreOptions options;
  options.endpoint = endpoint();
  options.bucket = bucket.empty() ? "documents-" + std::to_string(++buckets) : bucket;
  options.credentials = {Secret(kAccessKey), Secret(kSecretKey)};
  return options;
}

void S3Server::Restart() {
  if (process_ != nullptr) process_->Kill();
  Start();
  AwaitAnswers();
}

void S3Server::Start() {
  const std::string address = "127.0.0.1:" + std::to_string(port_);
  std::vector<std::string> arguments{"/usr/bin/env", "HOME=" + folder_.path().string()};
  const auto add = [&](std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more);
  };
  if (kind_ == Kind::kMinio) {
    add({std::string("MINIO_ROOT_USER=") + kAccessKey,
         std::string("MINIO_ROOT_PASSWORD=") + kSecretKey, "MINIO_SITE_REGION=us-east-1",
         "MINIO_BROWSER=off", "MINIO_UPDATE=off", "MINIO_CI_CD=1"});
    add({CacheFile("bin/minio"), "server", folder_.File("data"), "--address", address,
         "--console-address", "127.0.0.1:" + std::to_string(FreePort())});
    if (!certificates_.empty()) add({"--certs-dir", certificates_});
  } else {
    add({CacheFile("bin/versitygw"), "--port", address, "--region", "us-east-1", "--access",
         kAccessKey, "--secret", kSecretKey, "--quiet", "posix"});
    if (kind_ == Kind::kVersitygw) add({"--versioning-dir", folder_.File("versions")});
    add({folder_.File("data")});
  }
  process_ = std::make_unique<ChildProcess>(arguments, folder_.File("log"));
}

void S3Server::AwaitAnswers() {
  const SystemClock clock;
  SystemPauses pauses;
  const CallContext call("start", std::chrono::steady_clock::now() + kStartTimeMax);
  S3StoreOptions options = Options("none");
  S3Client client(std::move(options), clock, pauses);
  while (true) {
    const Result<HttpAnswer> answer = client.SendOnce(call, HeadBucketRequest("none"));
    if (answer.ok() && answer->fault == HttpFault::kNone && answer->status == 404) return;
    // MinIO tells its address once it is ready, whoever trusts its certificate.
    const bool untrusted = answer.ok() && answer->fault == HttpFault::kUntrusted;
    if (untrusted && Output().find("API: https") != std::string::npos) return;
    if (!process_->running() || !pauses.Wait(call, 20ms).ok()) {
      throw std::runtime_error("the S3 server does not answer: " +
                               (answer.ok() ? answer->fault_text : answer.status().ToString()) +
                               "\n" + Output());
    }
  }
}

}  // namespace satchel
