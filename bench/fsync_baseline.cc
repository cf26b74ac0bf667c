// What the disk alone does: writers that each write whole files in chunks and fsync them. Prints
// one JSON line. The files are removed afterwards, outside the measured time.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>

#include "bench/measure.h"

namespace satchel::bench {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;

struct Options {
  std::string folder;
  std::size_t writers = 4;
  std::size_t size = std::size_t{50} * 1024 * 1024;
  /// Of all writers together.
  std::size_t files = 4;
};

[[noreturn]] void ThrowErrno(const char* operation) {
  throw std::system_error(errno, std::generic_category(), operation);
}

/// Closes on every way out; Close() reports, the destructor does not.
class File {
 public:
  explicit File(const std::filesystem::path& path)
      : descriptor_(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0) {
      ThrowErrno("open");
    }
  }
  ~File() {
    if (descriptor_ >= 0) {
      close(descriptor_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void Write(const char* data, std::size_t size) {
    while (size > 0) {
      const ssize_t written = write(descriptor_, data, size);
      if (written < 0) {
        if (errno == EINTR) continue;
        ThrowErrno("write");
      }
      data += written;
      size -= static_cast<std::size_t>(written);
    }
  }

  void SyncAndClose() {
    if (fsync(descriptor_) != 0) {
      ThrowErrno("fsync");
    }
    if (close(std::exchange(descriptor_, -1)) != 0) {
      ThrowErrno("close");
    }
  }

 private:
  int descriptor_;
};

void WriteFile(const std::filesystem::path& path, std::size_t size, const std::string& chunk) {
  File file(path);
  for (std::size_t remaining = size; remaining > 0;) {
    const std::size_t bytes = std::min(remaining, chunk.size());
    file.Write(chunk.data(), bytes);
    remaining -= bytes;
  }
  file.SyncAndClose();
}

nlohmann::json Run(const Options& options) {
  const std::filesystem::path folder = std::filesystem::path(options.folder) / "fsync_baseline";
  std::filesystem::create_directories(folder);
  const std::string chunk(kChunkBytes, 'f');
  std::atomic<std::size_t> taken = 0;
  const Measurement measured = RunTogether(options.writers, [&](std::size_t /*index*/) {
    ThreadResult result;
    for (std::size_t file = 0; (file = taken.fetch_add(1)) < options.files;) {
      result.Measure(options.size,
                     [&] { WriteFile(folder / std::to_string(file), options.size, chunk); });
    }
    return result;
  });
  std::filesystem::remove_all(folder);
  return Report(measured);
}

}  // namespace
}  // namespace satchel::bench

int main(int argc, char** argv) {
  satchel::bench::Options options;
  CLI::App app("Measures write + fsync of whole files");
  app.add_option("--folder", options.folder, "where to write")->required();
  app.add_option("--writers", options.writers, "threads");
  app.add_option("--size", options.size, "bytes of a file");
  app.add_option("--files", options.files, "files of all writers together");
  CLI11_PARSE(app, argc, argv);
  try {
    std::cout << satchel::bench::Run(options) << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "fsync_baseline: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
