/// A store behind a gate, whose patience is short.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "servers/s3_rig.h"
#include "support/tcp_gate.h"

namespace satchel {

class S3Faults : public testing::Test {
 protected:
  S3Faults() : server_(S3Server::Shared(S3Server::Kind::kMinio)), gate_(server_.port()) {
    options_ = server_.Options();
    direct_ = std::make_unique<S3Rig>(options_);
    EXPECT_TRUE(direct_->SetUp().ok());
    options_.endpoint.host = "127.0.0.1:" + std::to_string(gate_.port());
    constexpr std::chrono::milliseconds kPatience{300};
    options_.time_limits = {.connect = kPatience, .first_byte = kPatience, .stall = kPatience};
    rig_ = std::make_unique<S3Rig>(options_);
  }

  void ExpectUnavailable(const Status& status) {
    EXPECT_TRUE(status.Is(Reason::kObjectStoreUnavailable)) << status.ToString();
    EXPECT_TRUE(status.retry_after().has_value());
  }

  S3Server& server_;
  TcpGate gate_;
  S3StoreOptions options_;
  std::unique_ptr<S3Rig> direct_;  ///< past the gate
  std::unique_ptr<S3Rig> rig_;     ///< through it
  const std::string content_ = Pattern(1'000'000);
};

}  // namespace satchel
