#include "adapters/localfs/local_object_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "adapters/localfs/directory_entries.h"
#include "adapters/localfs/durable_file.h"
#include "adapters/localfs/file_descriptor.h"
#include "adapters/localfs/local_errors.h"
#include "adapters/localfs/local_object_writer.h"

namespace satchel {
namespace {

constexpr char kStoreIdFile[] = "store-id";
constexpr std::size_t kStoreIdBytesMax = 128;
// Below this, a file is read in one go and the kernel's read-ahead has nothing to win.
constexpr std::int64_t kReadAheadBytesMin = 256 * 1024;

Timestamp ToTimestamp(const timespec& time) {
  return Timestamp(std::chrono::milliseconds(time.tv_sec * 1000LL + time.tv_nsec / 1000000));
}

class LocalObjectReader final : public ObjectReader {
 public:
  LocalObjectReader(FileDescriptor file, std::int64_t size, std::int64_t offset)
      : file_(std::move(file)), size_(size), offset_(offset) {}

  Result<std::size_t> Read(const CallContext& call, std::span<std::byte> buffer) override {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      const ssize_t count =
          ::pread(file_.get(), buffer.data() + filled, buffer.size() - filled, offset_);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return LocalStoreError("read", "an object", errno);
      if (count == 0) break;
      filled += static_cast<std::size_t>(count);
      offset_ += count;
    }
    return filled;
  }
  std::int64_t size() const override { return size_; }
  int file_descriptor() const override { return file_.get(); }

 private:
  const FileDescriptor file_;
  const std::int64_t size_;
  std::int64_t offset_;
};

}  // namespace

Result<std::unique_ptr<ObjectWriter>> LocalObjectStore::Create(const CallContext& call,
                                                               const ObjectSpec& spec) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  if (!IsObjectName(spec.attempt.value())) {
    return InternalError("an attempt id is not 32 lower-case hexadecimal digits");
  }
  return LocalObjectWriter::Make(folder_, spec.attempt.value(), spec.size);
}

Result<std::unique_ptr<ObjectReader>> LocalObjectStore::Open(const CallContext& call,
                                                             const ObjectRef& object,
                                                             std::int64_t offset) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  if (offset < 0) return InternalError("an object was opened at a negative offset");
  const std::string& name = object.version.value();
  std::unique_ptr<ObjectReader> absent;
  if (!IsObjectName(name)) return absent;
  // O_NONBLOCK: opening a FIFO would wait for its writer.
  FileDescriptor file(::openat(folder_.shard_of(name), name.c_str(),
                               O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    // ELOOP: a symbolic link; ENXIO: a socket. Neither is an object of ours.
    if (errno == ENOENT || errno == ELOOP || errno == ENXIO) return absent;
    return LocalStoreError("open", name, errno);
  }
  struct stat info = {};
  if (::fstat(file.get(), &info) != 0) return LocalStoreError("examine", name, errno);
  if (!S_ISREG(info.st_mode)) return absent;
  if (info.st_size - offset >= kReadAheadBytesMin) {
    // Advice only: reading works as well when the kernel does not take it.
    (void)::posix_fadvise(file.get(), offset, 0, POSIX_FADV_SEQUENTIAL);
  }
  return std::unique_ptr<ObjectReader>(
      std::make_unique<LocalObjectReader>(std::move(file), info.st_size, offset));
}

Result<ObjectVersion> LocalObjectStore::FindNewest(const CallContext& call,
                                                   const std::string& /*key*/) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  return ObjectVersion();
}

Status LocalObjectStore::Remove(const CallContext& call, const ObjectRef& object) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::string& name = object.version.value();
  if (!IsObjectName(name)) return {};
  const int shard = folder_.shard_of(name);
  if (::unlinkat(shard, name.c_str(), 0) != 0 && errno != ENOENT) {
    return LocalStoreError("remove", name, errno);
  }
  // The row is forgotten after this, and files that a power loss brought back would be orphans: too
  // many for the sweeper to believe. Costs a delete what its commit costs (0.15 ms of 0.3 measured
  // on a fast disk), and nothing when the folder is clean.
  if (::fsync(shard) != 0) return LocalStoreError("sync the folder of", name, errno);
  return {};
}

Status LocalObjectStore::RemoveAttempt(const CallContext& call, const std::string& key,
                                       const AttemptId& attempt, const UploadId& /*upload*/) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::string& name = attempt.value();
  if (!IsObjectName(name)) return {};
  if (::unlinkat(folder_.tmp(), name.c_str(), 0) != 0 && errno != ENOENT) {
    return LocalStoreError("remove", "tmp/" + name, errno);
  }
  return Remove(call, {key, ObjectVersion(name)});
}

Result<StoredVersionPage> LocalObjectStore::ListVersions(const CallContext& call,
                                                         const std::string& cursor) {
  std::size_t shard = 0;
  while (!cursor.empty() && shard < StorageFolder::kShards &&
         StorageFolder::ShardName(shard) != cursor) {
    ++shard;
  }
  if (shard == StorageFolder::kShards) return InternalError("bad cursor of a listing");

  StoredVersionPage page;
  for (; shard < StorageFolder::kShards && page.versions.empty(); ++shard) {
    SATCHEL_RETURN_IF_ERROR(call.Check());
    const DirectoryEntries entries = ListDirectory(folder_.shard(shard));
    if (entries.error != 0) {
      return LocalStoreError("list", "objects/" + StorageFolder::ShardName(shard), entries.error);
    }
    for (const std::string& name : entries.names) {
      if (!IsObjectName(name) || StorageFolder::ShardIndex(name) != shard) continue;
      struct stat info = {};
      if (::fstatat(folder_.shard(shard), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // removed since it was listed
        return LocalStoreError("examine", name, errno);
      }
      if (!S_ISREG(info.st_mode)) continue;
      page.versions.push_back(
          {{.key = {}, .version = ObjectVersion(name)}, info.st_size, ToTimestamp(info.st_mtim)});
    }
  }
  if (shard < StorageFolder::kShards) page.next_cursor = StorageFolder::ShardName(shard);
  return page;
}

Status LocalObjectStore::Probe(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::string name = "probe-" + std::to_string(probes_.fetch_add(1));
  FileDescriptor file(::openat(folder_.tmp(), name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return LocalStoreError("create", "tmp/" + name, errno);
  Errno error = WriteAll(file.get(), std::as_bytes(std::span(name)));
  if (error == 0) error = SyncAndClose(std::move(file));
  const Errno removal = ::unlinkat(folder_.tmp(), name.c_str(), 0) == 0 ? 0 : errno;
  if (error == 0) error = removal;
  return error == 0 ? Status() : LocalStoreError("write", "tmp/" + name, error);
}

Result<Timestamp> LocalObjectStore::Now(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  struct stat info = {};
  if (::futimens(folder_.lock(), nullptr) != 0 || ::fstat(folder_.lock(), &info) != 0) {
    return LocalStoreError("touch", "lock", errno);
  }
  return ToTimestamp(info.st_mtim);
}

Result<std::optional<StoreId>> LocalObjectStore::ReadStoreId(const CallContext& call) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  SmallFile file = ReadSmallFile(folder_.root(), kStoreIdFile, kStoreIdBytesMax + 1);
  if (file.error == ENOENT) return std::optional<StoreId>();
  const std::string path = (folder_.path() / kStoreIdFile).string();
  const bool terminated = file.content.size() > 1 && file.content.ends_with('\n');
  if (file.error == EINVAL || file.error == EFBIG || (file.error == 0 && !terminated)) {
    return ConfigurationError("the store's id " + path + " is damaged; restore it from a backup");
  }
  if (file.error != 0) return LocalStoreError("read", kStoreIdFile, file.error);
  file.content.pop_back();
  return std::optional<StoreId>(std::move(file.content));
}

Status LocalObjectStore::WriteStoreId(const CallContext& call, const StoreId& id) {
  SATCHEL_RETURN_IF_ERROR(call.Check());
  const std::string& text = id.value();
  if (text.empty() || text.size() > kStoreIdBytesMax || text.find('\n') != std::string::npos) {
    return InternalError("bad store id");
  }
  const Errno error = CreateSmallFile(folder_, kStoreIdFile, text + "\n");
  return error == 0 ? Status() : LocalStoreError("write", kStoreIdFile, error);
}

}  // namespace satchel
