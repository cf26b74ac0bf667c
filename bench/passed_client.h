// A client of bench/passed_service.proto: one connection of its own, every failure an exception.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "passed_service.grpc.pb.h"

namespace satchel::bench {

/// Not for several threads at once. Every method blocks, and throws std::runtime_error when the
/// call did not end OK, or not with all bytes.
class PassedClient {
 public:
  /// `target` is host:port, spoken to without TLS.
  explicit PassedClient(const std::string& target);

  void Ask();
  void Upload(std::size_t size);
  void Download(std::size_t size);

 private:
  std::unique_ptr<::bench::PassedService::Stub> stub_;
  document::UploadDocumentRequest chunk_;
};

}  // namespace satchel::bench
