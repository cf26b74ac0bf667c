/// A SQLite metadata store in a folder of its own, on a clock that the test moves.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "adapters/sql/sqlite_store.h"
#include "base/clock.h"
#include "base/identifiers.h"
#include "support/reservations.h"
#include "support/temporary_folder.h"

namespace satchel {

inline constexpr std::int64_t kDefaultQuota = 1'000'000;

/// Stands still until it is moved. Thread-safe.
class ManualClock final : public Clock {
 public:
  Timestamp WallNow() const override { return Timestamp(std::chrono::milliseconds(now_.load())); }
  SteadyTime SteadyNow() const override { return std::chrono::steady_clock::now(); }
  void Advance(std::chrono::milliseconds by) { now_ += by.count(); }

 private:
  // 2026-11-23T22:57:00.123Z
  std::atomic<std::int64_t> now_{1795474620123};
};

class SqliteStoreTest : public ::testing::Test {
 protected:
  SqliteStoreTest() : path_(folder_.File("satchel.db")) { Reopen(); }

  SqliteDatabaseOptions DatabaseOptions() const { return {path_, 4, &clock_}; }

  /// A second handle on the file below the store, as another program would use it.
  std::unique_ptr<SqliteConnection> Foreign() const {
    auto opened = SqliteConnection::Open(path_, SqliteConnection::Role::kWriter);
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }
  void RunForeign(std::string_view script) const {
    auto ran = Foreign()->ExecuteScript(script);
    ASSERT_TRUE(ran.ok()) << ran.status().ToString();
  }

  void Reopen() {
    store_.reset();
    auto opened = OpenSqliteMetadataStore({DatabaseOptions(), true});
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    store_ = std::move(opened).value();
  }

  ReserveRequest Request(const std::string& user, const std::string& filename,
                         std::int64_t size = 100, const std::string& category = "general") {
    return {.id = ids_.NewDocumentId(),
            .attempt = ids_.NewAttemptId(),
            .user = UserId(user),
            .category = category,
            .filename = filename,
            .mime_type = "text/plain",
            .size = size,
            .default_quota = kDefaultQuota,
            .lease = std::chrono::seconds(900)};
  }

  Result<Document> Complete(const ReserveRequest& request,
                            std::optional<ObjectVersion> version = {}) {
    return store_->Complete(
        call_, {ReservedBy(request), version.value_or(ObjectVersion(request.attempt.value())),
                ContentHash(std::string(64, 'a'))});
  }

  /// A stored document.
  Document Store(const std::string& user, const std::string& filename, std::int64_t size = 100,
                 const std::string& category = "general") {
    const ReserveRequest request = Request(user, filename, size, category);
    const auto reserved = store_->Reserve(call_, request);
    EXPECT_TRUE(reserved.ok()) << reserved.status().ToString();
    const auto completed = Complete(request);
    EXPECT_TRUE(completed.ok()) << completed.status().ToString();
    return store_->Find(call_, request.id).value().value_or(Document{});
  }

  Usage UsageOf(const std::string& user) {
    auto usage = store_->GetUsage(call_, UserId(user), kDefaultQuota);
    EXPECT_TRUE(usage.ok()) << usage.status().ToString();
    return usage.ok() ? *usage : Usage{};
  }

  void ExpectConsistent() {
    const auto mismatches = store_->FindUsageMismatches(call_);
    ASSERT_TRUE(mismatches.ok()) << mismatches.status().ToString();
    EXPECT_TRUE(mismatches->empty()) << mismatches->size() << " users";
  }

  TemporaryFolder folder_;
  const std::string path_;
  ManualClock clock_;
  SecureIdGenerator ids_;
  const CallContext call_{"test"};
  std::unique_ptr<SqlMetadataStore> store_;
};

/// Runs `body(i)` on `count` threads that start together.
template <typename Body>
void Race(int count, Body body) {
  std::atomic<bool> start{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.wait(false);
      body(i);
    });
  }
  start = true;
  start.notify_all();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace satchel
