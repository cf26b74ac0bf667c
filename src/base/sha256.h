/// SHA-256 (FIPS 180-4) over a stream of pieces.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/strong_string.h"

struct evp_md_ctx_st;

namespace satchel {

/// Not thread-safe. After Finish() only destruction may follow.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::span<const std::byte> bytes);
  ContentHash Finish();

 private:
  struct Deleter {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Deleter> context_;
};

}  // namespace satchel
