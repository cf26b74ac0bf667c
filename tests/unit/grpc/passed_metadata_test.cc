#include "transport/grpc/passed_metadata.h"

#include <gtest/gtest.h>

namespace satchel {
namespace {

TEST(PassedMetadataTest, WhatBelongsToAConnectionStaysThere) {
  for (const char* const key : {"user-agent", "host", "te", "content-type", ":authority",
                                "grpc-timeout", "grpc-encoding", "grpc-status-details-bin"}) {
    EXPECT_TRUE(IsOfOneHop(key)) << key;
  }
}

TEST(PassedMetadataTest, WhatBelongsToTheCallGoesOn) {
  for (const char* const key : {"authorization", "traceparent", "x-request-id", "x-user-agent",
                                "content-type-hint", "grpc", "x-grpc-bin"}) {
    EXPECT_FALSE(IsOfOneHop(key)) << key;
  }
}

}  // namespace
}  // namespace satchel
