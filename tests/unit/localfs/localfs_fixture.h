/// What the tests of the storage folder share.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/localfs/local_object_store.h"
#include "adapters/localfs/storage_folder.h"
#include "base/call_context.h"
#include "support/temporary_folder.h"

namespace satchel::testing {

inline std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// Whether `body` returned true in a process of its own, which ends without running destructors.
inline bool SucceedsInChild(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteFile(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

inline std::size_t CountEntries(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

/// Attempt number `n`; different numbers may share a folder of objects.
inline AttemptId Attempt(unsigned n) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id(32, '0');
  for (std::size_t i = 0; i < 8; ++i, n /= 16) id[i] = kDigits[n % 16];
  return AttemptId(id);
}

class LocalStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = StorageFolder::Make(path());
    ASSERT_TRUE(made.ok()) << made.status().ToString();
    folder_ = std::move(made).value();
    store_ = std::make_unique<LocalObjectStore>(*folder_);
  }

  std::filesystem::path path() const { return temporary_.path() / "data"; }
  std::filesystem::path ObjectPath(const AttemptId& attempt) const {
    return path() / "objects" / attempt.value().substr(0, 2) / attempt.value();
  }

  /// Writes one object in pieces of at most `piece` bytes.
  Status Store(const AttemptId& attempt, std::string_view content, std::size_t piece = 1 << 20) {
    SATCHEL_ASSIGN_OR_RETURN(
        const std::unique_ptr<ObjectWriter> writer,
        store_->Create(call_, {"key", attempt, static_cast<std::int64_t>(content.size()), "t"}));
    for (std::size_t i = 0; i < content.size(); i += piece) {
      SATCHEL_RETURN_IF_ERROR(writer->Append(call_, Bytes(content.substr(i, piece))));
    }
    SATCHEL_ASSIGN_OR_RETURN(const ObjectVersion version, writer->Commit(call_, ContentHash()));
    EXPECT_EQ(version.value(), attempt.value());
    return {};
  }

  std::unique_ptr<ObjectReader> Open(const std::string& version, std::int64_t offset = 0) {
    auto reader = store_->Open(call_, {"key", ObjectVersion(version)}, offset);
    EXPECT_TRUE(reader.ok()) << reader.status().ToString();
    return reader.ok() ? std::move(reader).value() : nullptr;
  }

  std::string ReadAll(ObjectReader& reader, std::size_t piece) {
    std::string content;
    std::vector<std::byte> buffer(piece);
    while (true) {
      const auto count = reader.Read(call_, buffer);
      EXPECT_TRUE(count.ok());
      if (!count.ok() || *count == 0) return content;
      content.append(reinterpret_cast<const char*>(buffer.data()), *count);
    }
  }

  std::vector<StoredVersion> ListAll() {
    std::vector<StoredVersion> all;
    std::string cursor;
    do {
      auto page = store_->ListVersions(call_, cursor);
      EXPECT_TRUE(page.ok()) << page.status().ToString();
      if (!page.ok()) break;
      all.insert(all.end(), page->versions.begin(), page->versions.end());
      cursor = page->next_cursor;
    } while (!cursor.empty());
    return all;
  }

  TemporaryFolder temporary_;
  CallContext call_{"test"};
  std::unique_ptr<StorageFolder> folder_;
  std::unique_ptr<LocalObjectStore> store_;
};

}  // namespace satchel::testing
