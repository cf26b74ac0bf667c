#pragma once

#include <document/document_service.pb.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command_error.h"
#include "cli/interrupt_cleanup.h"
#include "cli/unique_descriptor.h"

namespace satchel::cli {

/// Where a download goes. Prepare() before anything is asked for, Begin() when the document is
/// known, Write() its bytes in order, Commit() when all have come. Not thread-safe.
class DownloadTarget {
 public:
  virtual ~DownloadTarget() = default;
  /// Finds out what can be known to fail before the transfer.
  virtual MaybeError Prepare() = 0;
  virtual MaybeError Begin(const document::DocumentInfo& info) = 0;
  virtual MaybeError Write(std::string_view bytes) = 0;
  virtual MaybeError Commit() = 0;
};

/// An open descriptor, such as standard output; not closed.
class DescriptorTarget final : public DownloadTarget {
 public:
  explicit DescriptorTarget(int descriptor) : descriptor_(descriptor) {}
  MaybeError Prepare() override { return std::nullopt; }
  MaybeError Begin(const document::DocumentInfo&) override { return std::nullopt; }
  MaybeError Write(std::string_view bytes) override;
  MaybeError Commit() override { return std::nullopt; }

 private:
  const int descriptor_;
};

/// A file that appears whole under its name or not at all: bytes go to `.satchel-<random>.part` in
/// the same folder, which is removed on failure and on SIGINT, SIGTERM, SIGHUP. Never replaces a
/// file without `force`, never follows a symbolic link in the last part of the path.
class FileTarget final : public DownloadTarget {
 public:
  /// `path` empty: the document's own name in the current folder.
  FileTarget(std::string path, bool force) : path_(std::move(path)), force_(force) {}
  ~FileTarget() override { Discard(); }

  MaybeError Prepare() override;
  MaybeError Begin(const document::DocumentInfo& info) override;
  MaybeError Write(std::string_view bytes) override;
  MaybeError Commit() override;

  /// Where the document is, once committed.
  const std::string& path() const { return path_; }

 private:
  MaybeError CheckFree() const;
  int Rename() const;
  void Discard();

  std::string path_;
  const bool force_;
  std::string name_;  ///< last part of the path
  UniqueDescriptor folder_;
  UniqueDescriptor file_;
  std::string part_name_;
  bool part_exists_ = false;
  std::unique_ptr<InterruptCleanup> cleanup_;
};

/// Whether a name that a server sent may become a file here: by the API's own rule, one path
/// component in UTF-8 without control characters and bidirectional controls. Pure.
bool IsSafeFilename(std::string_view name);

}  // namespace satchel::cli
