#include "core/download.h"

#include <algorithm>
#include <memory>
#include <string>

#include "base/sha256.h"

namespace satchel {
namespace {

using boost::asio::awaitable;

/// The part of the block at `position` that lies at or behind `offset`.
Buffer BehindOffset(Buffer block, std::int64_t position, std::int64_t offset) {
  if (position >= offset) return block;
  const auto skipped = static_cast<std::size_t>(offset - position);
  if (skipped >= block.size()) return Buffer();
  Buffer rest(block.size() - skipped);
  std::copy_n(block.data() + skipped, rest.size(), rest.data());
  return rest;
}

}  // namespace

Status DataLoss(const Document& document, std::string_view what) {
  return Status(Reason::kChecksumMismatch, "the stored document is damaged (" + std::string(what) +
                                               "); restore it from a backup")
      .WithResource(document.id.value());
}

ObjectRef ObjectOf(const Document& document) { return {document.object_key, document.version}; }

awaitable<Status> SendDocument(const CallContext& call, ObjectStore& objects,
                               const Document& document, std::int64_t offset, DownloadSink& sink) {
  SATCHEL_CO_ASSIGN_OR_RETURN(const std::unique_ptr<ObjectReader> reader,
                              objects.Open(call, ObjectOf(document), 0));
  if (reader == nullptr) co_return DataLoss(document, "its bytes are missing");
  if (reader->size() != document.size) co_return DataLoss(document, "its length differs");
  SATCHEL_CO_RETURN_IF_ERROR(co_await sink.SendInfo(document));

  // All is read and hashed, also what lies before the offset: OK means the whole was right.
  Sha256 hash;
  for (std::int64_t position = 0; position < document.size;) {
    const std::int64_t left = document.size - position;
    const auto size = std::min(left, static_cast<std::int64_t>(sink.ChunkBytesMax()));
    Buffer block(static_cast<std::size_t>(size));
    SATCHEL_CO_ASSIGN_OR_RETURN(const std::size_t count, reader->Read(call, block.span()));
    if (count == 0) co_return DataLoss(document, "it ends early");
    block.Shrink(count);
    hash.Update(block.span());
    Buffer wanted = BehindOffset(std::move(block), position, offset);
    position += static_cast<std::int64_t>(count);
    if (wanted.size() > 0) SATCHEL_CO_RETURN_IF_ERROR(co_await sink.SendChunk(std::move(wanted)));
    SATCHEL_CO_RETURN_IF_ERROR(call.Check());
  }
  if (!document.sha256.empty() && hash.Finish() != document.sha256) {
    co_return DataLoss(document, "its SHA-256 differs");
  }
  co_return Status();
}

}  // namespace satchel
