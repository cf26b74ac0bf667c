/// Port: where the bytes of documents live, as immutable versions. Nothing is ever overwritten.
///
/// All methods block, are thread-safe unless said otherwise, and return
///   OBJECT_STORE_UNAVAILABLE  the store could not be asked, is full, or refused (retry later),
///   SERVER_BUSY  not asked: too many requests are under way (retry later),
///   CANCELLED, DEADLINE_EXCEEDED  from the call context,
///   INTERNAL  for what should not happen.
/// "Absent" is never one of these: it is a value of the result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/status.h"
#include "base/strong_string.h"
#include "base/time.h"
#include "ports/document.h"

namespace satchel {

/// What is about to be written.
struct ObjectSpec {
  std::string key;        ///< the document's object_key
  AttemptId attempt;      ///< of the upload; unique
  std::int64_t size = 0;  ///< exact length in bytes
  std::string mime_type;
};

/// One object being written. No reader sees it before Commit() returns OK. Not thread-safe.
class ObjectWriter {
 public:
  /// Without Commit(): aborts, best effort, and removes what was staged.
  virtual ~ObjectWriter() = default;

  /// Appends `bytes` (any size). Blocks until they are taken. After an error only destruction may
  /// follow.
  virtual Status Append(const CallContext& call, std::span<const std::byte> bytes) = 0;

  /// Makes the object durable and visible, atomically, as a new immutable version; at most once,
  /// and only after exactly ObjectSpec::size bytes. `sha256` is the hash of all of them.
  /// OUTCOME_UNKNOWN: it may exist; do not repeat, the sweeper finds what it left.
  virtual Result<ObjectVersion> Commit(const CallContext& call, const ContentHash& sha256) = 0;

  /// The multipart upload that the store keeps for this object, from Create() on; empty: none.
  /// Whoever records it can give it to RemoveAttempt() after this process has died.
  virtual UploadId upload() const { return {}; }
};

/// One version being read, from the offset it was opened at. Not thread-safe.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  /// Fills at least half of `buffer` unless the object ends before; returns the bytes read, 0 only
  /// at the end.
  virtual Result<std::size_t> Read(const CallContext& call, std::span<std::byte> buffer) = 0;
  /// Length of the whole object in bytes.
  virtual std::int64_t size() const = 0;
  /// A descriptor of the plain file behind the object, for sendfile; -1 when there is none. Owned
  /// by the reader.
  virtual int file_descriptor() const { return -1; }
};

/// One version found in the store. A store that does not keep keys leaves the key empty; its
/// version then is the upload's attempt id.
struct StoredVersion {
  ObjectRef object;
  std::int64_t size = 0;
  Timestamp modified_at;  ///< by the store's clock
};

struct StoredVersionPage {
  std::vector<StoredVersion> versions;
  std::string next_cursor;  ///< empty: the end
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  virtual Result<std::unique_ptr<ObjectWriter>> Create(const CallContext& call,
                                                       const ObjectSpec& spec) = 0;
  /// Holds nullptr when there is no such version.
  virtual Result<std::unique_ptr<ObjectReader>> Open(const CallContext& call,
                                                     const ObjectRef& object,
                                                     std::int64_t offset) = 0;
  /// The newest version of the key; empty: there is none, or the store keeps no keys.
  virtual Result<ObjectVersion> FindNewest(const CallContext& call, const std::string& key) = 0;
  /// Durable when OK: no power loss brings it back. OK also when the version is gone already.
  virtual Status Remove(const CallContext& call, const ObjectRef& object) = 0;
  /// Removes whatever a dead upload may have left: staged bytes, its multipart upload (`upload`
  /// when that was recorded), and the version when it got as far and its id can be told from the
  /// attempt. Nothing of another attempt at the same key is touched. Durable when OK. OK when there
  /// is nothing.
  virtual Status RemoveAttempt(const CallContext& call, const std::string& key,
                               const AttemptId& attempt, const UploadId& upload) = 0;
  /// One page of all versions that are ours by their key, in a stable order. Empty cursor: start.
  virtual Result<StoredVersionPage> ListVersions(const CallContext& call,
                                                 const std::string& cursor) = 0;

  /// Whether the store can be used now: reaches it, and writes where that is cheap.
  virtual Status Probe(const CallContext& call) = 0;
  /// The store's own clock.
  virtual Result<Timestamp> Now(const CallContext& call) = 0;
  /// The id that pairs the store with its database; nullopt: a new store.
  virtual Result<std::optional<StoreId>> ReadStoreId(const CallContext& call) = 0;
  /// Only for a new store.
  virtual Status WriteStoreId(const CallContext& call, const StoreId& id) = 0;
};

}  // namespace satchel
