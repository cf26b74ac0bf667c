/// The download: every byte read and hashed, all from the offset sent, or an error.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>

#include "base/buffer.h"
#include "base/call_context.h"
#include "base/status.h"
#include "ports/document.h"
#include "ports/object_store.h"

namespace satchel {

/// The client's side of a download, as the transport shows it.
class DownloadSink {
 public:
  virtual ~DownloadSink() = default;
  virtual boost::asio::awaitable<Status> SendInfo(const Document& document) = 0;
  /// How many bytes the next SendChunk() should bring at most; at least 1.
  virtual std::size_t ChunkBytesMax() = 0;
  /// Returns once the bytes before these are on their way, so that the next block is read while
  /// this one travels. A client that stalls is DEADLINE_EXCEEDED, one that is gone CANCELLED.
  virtual boost::asio::awaitable<Status> SendChunk(Buffer bytes) = 0;
};

/// Sends `document` from `offset` (0 to its size) on. DATA_LOSS: absent, of another length, or of
/// another hash than stored.
boost::asio::awaitable<Status> SendDocument(const CallContext& call, ObjectStore& objects,
                                            const Document& document, std::int64_t offset,
                                            DownloadSink& sink);

/// DATA_LOSS for `document`; `what` says how its bytes differ from what was stored.
Status DataLoss(const Document& document, std::string_view what);

/// Where the bytes of `document` are; rows of other programs have no version of their own.
ObjectRef ObjectOf(const Document& document);

}  // namespace satchel
