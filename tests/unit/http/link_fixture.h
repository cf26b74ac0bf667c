/// Signed links to real files, served by a real server.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/localfs/link_key.h"
#include "adapters/localfs/local_link_signer.h"
#include "adapters/localfs/local_object_store.h"
#include "base/identifiers.h"
#include "base/sha256.h"
#include "support/temporary_folder.h"
#include "transport/http/link_handler.h"
#include "unit/http/http_fixture.h"

namespace satchel::testing {

/// Starts in 2027 and moves only when told to.
class ManualClock final : public Clock {
 public:
  Timestamp WallNow() const override { return now_.load(); }
  SteadyTime SteadyNow() const override { return SteadyTime(now_.load().time_since_epoch()); }
  void Advance(std::chrono::milliseconds by) { now_ = now_.load() + by; }

 private:
  std::atomic<Timestamp> now_{Timestamp(std::chrono::milliseconds(1'800'000'000'250))};
};

/// Rows in memory, bytes in a real store.
class StoredDocuments final : public LinkedDocumentSource {
 public:
  explicit StoredDocuments(ObjectStore& store) : store_(store) {}

  Result<std::optional<Document>> Resolve(const CallContext& /*call*/,
                                          const DocumentId& id) override {
    if (!failure.ok()) return failure;
    const std::lock_guard lock(mutex_);
    const auto found = rows_.find(id);
    return found == rows_.end() ? std::nullopt : std::optional(found->second);
  }
  Result<std::unique_ptr<ObjectReader>> Open(const CallContext& call, const Document& document,
                                             std::int64_t offset) override {
    return store_.Open(call, {document.object_key, document.version}, offset);
  }

  void Put(const Document& document) {
    const std::lock_guard lock(mutex_);
    rows_[document.id] = document;
  }
  void Forget(const DocumentId& id) {
    const std::lock_guard lock(mutex_);
    rows_.erase(id);
  }

  Status failure;  ///< of Resolve(); set before the first request

 private:
  ObjectStore& store_;
  std::mutex mutex_;
  std::map<DocumentId, Document> rows_;
};

class RecordingObserver final : public CallObserver {
 public:
  void CallStarted(Operation /*operation*/) override { ++started; }
  void CallEnded(const CallRecord& record) override {
    const std::lock_guard lock(mutex_);
    records_.push_back(record);
    ended_.notify_all();
  }
  /// Waits until `count` calls have ended.
  std::vector<CallRecord> Records(std::size_t count) {
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, std::chrono::seconds(10), [&] { return records_.size() >= count; });
    return records_;
  }

  std::atomic<int> started{0};

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<CallRecord> records_;
};

class LinkHandlerTest : public HttpServerTest {
 protected:
  static constexpr const char* kBase = "http://localhost";

  void SetUp() override {
    auto folder = StorageFolder::Make(path_);
    ASSERT_TRUE(folder.ok()) << folder.status().ToString();
    folder_ = std::move(folder).value();
    store_ = std::make_unique<LocalObjectStore>(*folder_);
    documents_ = std::make_unique<StoredDocuments>(*store_);
    auto key = LoadLinkKey(*folder_, false);
    ASSERT_TRUE(key.ok());
    signer_ = std::make_unique<LocalLinkSigner>(kBase, *key, clock_);
    handler_ = std::make_unique<LinkHandler>(
        LinkHandler::Parts{*signer_, *documents_, observer_, ids_, workers_.get_executor()});
    Start(*handler_);
  }
  void TearDown() override { server_.reset(); }

  Document Store(const std::string& filename, const std::string& content) {
    Document document;
    document.id = ids_.NewDocumentId();
    document.state = DocumentState::kCompleted;
    document.user = UserId("alice");
    document.filename = filename;
    document.object_key = "documents/alice/x/2027-01-15/" + filename;
    document.size = static_cast<std::int64_t>(content.size());
    document.mime_type = "application/pdf";
    document.created_at = clock_.WallNow();
    document.attempt = ids_.NewAttemptId();
    document.version = ObjectVersion(document.attempt.value());
    Sha256 hash;
    hash.Update(std::as_bytes(std::span(content)));
    document.sha256 = hash.Finish();
    auto writer = store_->Create(
        call_, {document.object_key, document.attempt, document.size, document.mime_type});
    EXPECT_TRUE(writer.ok());
    EXPECT_TRUE((*writer)->Append(call_, std::as_bytes(std::span(content))).ok());
    EXPECT_TRUE((*writer)->Commit(call_, document.sha256).ok());
    documents_->Put(document);
    return document;
  }

  /// The request target of a link to `document`.
  std::string Link(const Document& document) {
    const auto link = signer_->Sign(call_, document, std::chrono::minutes(30));
    EXPECT_TRUE(link.ok());
    return link->url.substr(std::string(kBase).size());
  }

  HttpAnswer Get(const std::string& target, const std::string& headers = "") {
    return HttpClient(port()).Get(target, headers);
  }

  std::filesystem::path ObjectPath(const Document& document) const {
    const std::string& name = document.version.value();
    return path_ / "objects" / name.substr(0, 2) / name;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path path_ = temporary_.path();
  ManualClock clock_;
  SecureIdGenerator ids_;
  CallContext call_{"test"};
  std::unique_ptr<StorageFolder> folder_;
  std::unique_ptr<LocalObjectStore> store_;
  std::unique_ptr<StoredDocuments> documents_;
  std::unique_ptr<LocalLinkSigner> signer_;
  RecordingObserver observer_;
  std::unique_ptr<LinkHandler> handler_;
};

}  // namespace satchel::testing
