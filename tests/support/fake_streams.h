/// Clients of the core: one that sends what a test wrote down, one that keeps what it gets.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/limits.h"
#include "core/download.h"
#include "core/upload.h"

namespace satchel {

/// Not thread-safe.
class FakeUploadStream final : public UploadStream {
 public:
  /// Sends nothing and ends.
  FakeUploadStream() = default;
  /// Sends `content` in chunks of `chunk_bytes`, then ends properly.
  FakeUploadStream(UploadMetadata metadata, std::string_view content, std::size_t chunk_bytes) {
    Send(std::move(metadata));
    for (std::size_t sent = 0; sent < content.size(); sent += chunk_bytes) {
      SendChunk(content.substr(sent, chunk_bytes));
    }
  }

  void Send(UploadMetadata metadata) { steps_.push_back({std::move(metadata), {}, {}}); }
  void SendChunk(std::string_view bytes) { steps_.push_back({{}, std::string(bytes), {}}); }
  /// A message that has neither metadata nor chunk.
  void SendNothing() { steps_.push_back({}); }
  /// Instead of a proper end.
  void EndWith(Status status) { steps_.push_back({{}, {}, std::move(status)}); }
  /// Called before the `number`-th Read(), counted from 1.
  void BeforeRead(int number, std::function<void()> action) { before_[number] = std::move(action); }
  int reads() const { return reads_; }

  boost::asio::awaitable<Result<std::optional<UploadMessage>>> Read() override {
    ++reads_;
    if (const auto action = before_.find(reads_); action != before_.end()) action->second();
    const auto index = static_cast<std::size_t>(reads_ - 1);
    if (index >= steps_.size()) co_return std::optional<UploadMessage>();
    const Step& step = steps_[index];
    if (!step.end.ok()) co_return step.end;
    if (step.metadata) co_return std::optional<UploadMessage>(*step.metadata);
    if (step.chunk) {
      const std::span<const char> bytes(*step.chunk);
      co_return std::optional<UploadMessage>(UploadChunk{std::as_bytes(bytes)});
    }
    co_return std::optional<UploadMessage>(std::monostate());
  }

 private:
  struct Step {
    std::optional<UploadMetadata> metadata;
    std::optional<std::string> chunk;
    Status end;
  };

  std::vector<Step> steps_;
  std::map<int, std::function<void()>> before_;
  int reads_ = 0;
};

/// Not thread-safe.
class FakeDownloadSink final : public DownloadSink {
 public:
  /// The `number`-th chunk, counted from 1, is answered with `status` instead of being taken.
  void FailChunk(int number, Status status) { failures_[number] = std::move(status); }

  const std::optional<Document>& info() const { return info_; }
  const std::string& bytes() const { return bytes_; }
  int chunks() const { return chunks_; }

  boost::asio::awaitable<Status> SendInfo(const Document& document) override {
    info_ = document;
    co_return Status();
  }
  std::size_t ChunkBytesMax() override { return kTransferChunkBytes; }
  boost::asio::awaitable<Status> SendChunk(Buffer bytes) override {
    ++chunks_;
    if (const auto failure = failures_.find(chunks_); failure != failures_.end()) {
      co_return failure->second;
    }
    const std::span<std::byte> block = bytes.span();
    bytes_.append(reinterpret_cast<const char*>(block.data()), block.size());
    co_return Status();
  }

 private:
  std::optional<Document> info_;
  std::string bytes_;
  int chunks_ = 0;
  std::map<int, Status> failures_;
};

}  // namespace satchel
