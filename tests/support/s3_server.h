/// Real S3 servers, each in a folder and on a port of its own.
#pragma once

#include <memory>
#include <string>

#include "adapters/s3/s3_options.h"
#include "support/child_process.h"
#include "support/temporary_folder.h"

namespace satchel {

/// Path of what is built once for the tests: ${SATCHEL_CACHE:-~/.cache/satchel}/NAME. Throws
/// std::runtime_error, which fails the test, when it is not there.
std::string CacheFile(const std::string& name);

/// One running server. Throws std::runtime_error, which fails the test, when it cannot be started.
class S3Server {
 public:
  enum class Kind : std::uint8_t { kMinio, kVersitygw, kVersitygwWithoutVersions };

  /// With TLS when `certificates` is a folder with public.crt and private.key (MinIO only).
  explicit S3Server(Kind kind, const std::string& certificates = {});

  /// The server of this kind that all tests of this program share.
  static S3Server& Shared(Kind kind);

  int port() const { return port_; }
  S3Endpoint endpoint() const;
  /// For a bucket that no other test uses, unless it is named.
  S3StoreOptions Options(const std::string& bucket = {}) const;

  ChildProcess& process() { return *process_; }
  /// What it has written so far.
  std::string Output() const;
  const TemporaryFolder& folder() const { return folder_; }
  /// Starts it again on the same folder and port, and returns when it answers.
  void Restart();

 private:
  void Start();
  void AwaitAnswers();

  const Kind kind_;
  const std::string certificates_;
  const TemporaryFolder folder_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace satchel
