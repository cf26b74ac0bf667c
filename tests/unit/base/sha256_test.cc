#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace satchel {
namespace {

std::string HashOf(const std::string& text, std::size_t piece) {
  Sha256 hash;
  for (std::size_t i = 0; i < text.size(); i += piece) {
    const std::string part = text.substr(i, piece);
    hash.Update(std::as_bytes(std::span(part)));
  }
  return hash.Finish().value();
}

// Examples of FIPS 180-2 appendix B.
TEST(Sha256Test, MatchesThePublishedExamples) {
  EXPECT_EQ(HashOf("abc", 1), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HashOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 7),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(HashOf("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HashOf(std::string(1'000'000, 'a'), 4096),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace satchel
