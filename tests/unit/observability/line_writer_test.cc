#include "observability/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

namespace satchel {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) { EXPECT_GE(descriptor, 0); }
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }
  void Close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  int descriptor_;
};

struct Pipe {
  Pipe() : Pipe(Open()) {}
  explicit Pipe(std::pair<int, int> ends) : reader(ends.first), writer(ends.second) {}
  static std::pair<int, int> Open() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    return {ends[0], ends[1]};
  }
  /// All that can be read now.
  std::string Read() const {
    std::string text;
    char block[4096];
    for (ssize_t count = 0; (count = ::read(reader.get(), block, sizeof(block))) > 0;) {
      text.append(block, static_cast<std::size_t>(count));
    }
    return text;
  }
  Descriptor reader;
  Descriptor writer;
};

/// A limit on the size of files stands in for a full disk: writes fall short, then fail.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    before_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, before_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  sighandler_t before_handler_ = SIG_DFL;
};

Descriptor TemporaryFile(int flags) {
  std::string path = ::testing::TempDir() + "satchel-lines-XXXXXX";
  ::close(::mkstemp(path.data()));
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | flags);
  ::unlink(path.c_str());
  return Descriptor(descriptor);
}

std::string Content(const Descriptor& file) {
  std::string text(1 << 20, '\0');
  const ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return text;
}

TEST(LineWriter, WritesLines) {
  const Pipe pipe;
  LineWriter writer(pipe.writer.get());
  writer.Write("one\n");
  writer.Write("two\n");
  EXPECT_EQ(pipe.Read(), "one\ntwo\n");
  EXPECT_EQ(writer.dropped(), 0);
}

TEST(LineWriter, AFullDiskDropsLinesAndSaysSoAfterwards) {
  const Descriptor file = TemporaryFile(O_APPEND);
  LineWriter writer(file.get());
  {
    const FileSizeLimit limit(10);
    writer.Write("123456\n");
    writer.Write("abcdef\n");  // three bytes of it fit
    EXPECT_EQ(Content(file), "123456\n") << "no half line stays";
    writer.Write("ghijkl\n");
    EXPECT_EQ(writer.dropped(), 2);
  }
  writer.Write("again\n");
  EXPECT_EQ(writer.dropped(), 0);
  const std::string content = Content(file);
  const std::size_t notice = content.find('{');
  ASSERT_EQ(notice, 7U) << content;
  const std::size_t end = content.find('\n', notice);
  const nlohmann::json line = nlohmann::json::parse(content.substr(notice, end - notice));
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["lines"], 2);
  EXPECT_EQ(content.substr(end + 1), "again\n");
}

TEST(LineWriter, WhereAHalfLineCannotBeTakenBackTheNextOneStartsAnew) {
  const Descriptor file = TemporaryFile(0);  // as with `satchel serve > file`
  LineWriter writer(file.get());
  {
    const FileSizeLimit limit(3);
    writer.Write("abcdef\n");
    EXPECT_EQ(Content(file), "abc");
  }
  writer.Write("again\n");
  const std::string content = Content(file);
  EXPECT_TRUE(content.starts_with("abc\n{")) << content;
  EXPECT_TRUE(content.ends_with("}\nagain\n")) << content;
}

TEST(LineWriter, ADeviceThatIsFull) {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  LineWriter writer(full.get());
  for (int i = 0; i < 1000; ++i) writer.Write("line\n");
  EXPECT_EQ(writer.dropped(), 1000);
}

TEST(LineWriter, AReaderThatIsGone) {
  const sighandler_t before = ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.reader.Close();
  LineWriter writer(pipe.writer.get());
  for (int i = 0; i < 1000; ++i) writer.Write("line\n");
  EXPECT_EQ(writer.dropped(), 1000);
  ::signal(SIGPIPE, before);
}

TEST(LineWriter, AReaderThatSleepsIsWaitedForOnce) {
  const Pipe pipe;
  LineWriter writer(pipe.writer.get());
  const std::string line = std::string(4095, 'x') + "\n";
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) writer.Write(line);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  const std::int64_t dropped = writer.dropped();
  EXPECT_GT(dropped, 900);
  std::string read = pipe.Read();
  EXPECT_EQ(read.size(), static_cast<std::size_t>(1000 - dropped) * line.size());

  writer.Write("awake\n");
  EXPECT_EQ(writer.dropped(), 0);
  read = pipe.Read();
  EXPECT_TRUE(read.ends_with("\nawake\n"));
  EXPECT_NE(read.find("\"lines\":" + std::to_string(dropped)), std::string::npos) << read;
}

TEST(LineWriter, WithoutADescriptorNothingHappens) {
  LineWriter writer(-1);
  writer.Write("line\n");
  EXPECT_EQ(writer.dropped(), 1);
}

}  // namespace
}  // namespace satchel
