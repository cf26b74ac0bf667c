#include "cli/upload_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/temporary_folder.h"

namespace satchel::cli {
namespace {

using testing::HasSubstr;

class UploadSourceTest : public testing::Test {
 protected:
  std::string MakeFile(const std::string& bytes) {
    const std::filesystem::path path = folder_ / "file";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  // Everything that is left, in pieces of three bytes.
  static MaybeError ReadAll(UploadSource& source, std::string* bytes) {
    std::array<char, 3> buffer{};
    for (;;) {
      std::size_t count = 0;
      if (auto error = source.Read(buffer, &count)) return error;
      if (count == 0) return std::nullopt;
      bytes->append(buffer.data(), count);
    }
  }

  static MaybeError OpenAndMeasure(UploadSource& source, const std::string& path) {
    if (auto error = source.Open(path)) return error;
    return source.Measure();
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(UploadSourceTest, GivesAFileInPieces) {
  UploadSource source;
  ASSERT_FALSE(OpenAndMeasure(source, MakeFile("0123456789")));
  EXPECT_EQ(source.size(), 10);
  std::string bytes;
  ASSERT_FALSE(ReadAll(source, &bytes));
  EXPECT_EQ(bytes, "0123456789");
}

TEST_F(UploadSourceTest, SpoolsWhatHasNoSize) {
  const std::string path = folder_ / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::string sent(1'000'000, 'x');
  std::thread writer([&] { std::ofstream(path, std::ios::binary) << sent; });
  UploadSource source;
  const MaybeError error = OpenAndMeasure(source, path);
  writer.join();
  ASSERT_FALSE(error);
  EXPECT_EQ(source.size(), 1'000'000);
  std::string bytes;
  ASSERT_FALSE(ReadAll(source, &bytes));
  EXPECT_EQ(bytes, sent);
}

TEST_F(UploadSourceTest, StartsWhereStandardInputStands) {
  const std::string path = MakeFile("0123456789");
  const int saved = dup(STDIN_FILENO);
  const int file = open(path.c_str(), O_RDONLY);
  ASSERT_GE(file, 0);
  ASSERT_EQ(lseek(file, 4, SEEK_SET), 4);
  dup2(file, STDIN_FILENO);
  UploadSource source;
  const MaybeError error = OpenAndMeasure(source, "-");
  if (saved >= 0) dup2(saved, STDIN_FILENO);
  ASSERT_FALSE(error);
  EXPECT_EQ(source.size(), 6);
  std::string bytes;
  ASSERT_FALSE(ReadAll(source, &bytes));
  EXPECT_EQ(bytes, "456789");
}

TEST_F(UploadSourceTest, ReadsFilesThatDoNotTellTheirSize) {
  UploadSource source;
  ASSERT_FALSE(OpenAndMeasure(source, "/proc/self/comm"));
  EXPECT_GT(source.size(), 0);
}

TEST_F(UploadSourceTest, RefusesWhatIsNoDocument) {
  UploadSource source;
  MaybeError error = source.Open(folder_);
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("is a folder"));
  error = OpenAndMeasure(source, MakeFile(""));
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("is empty"));
  error = OpenAndMeasure(source, "/dev/null");
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("is empty"));
  error = source.Open(folder_ / "missing");
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("No such file"));
}

TEST_F(UploadSourceTest, NoticesAFileThatGrew) {
  const std::string path = MakeFile("012345");
  UploadSource source;
  ASSERT_FALSE(OpenAndMeasure(source, path));
  std::ofstream(path, std::ios::app) << "6";
  std::string bytes;
  const MaybeError error = ReadAll(source, &bytes);
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("changed its size"));
  EXPECT_EQ(bytes, "012345") << "never more than was announced";
}

TEST_F(UploadSourceTest, NoticesAFileThatShrank) {
  const std::string path = MakeFile("0123456789");
  UploadSource source;
  ASSERT_FALSE(OpenAndMeasure(source, path));
  std::filesystem::resize_file(path, 7);
  std::string bytes;
  const MaybeError error = ReadAll(source, &bytes);
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("changed its size"));
}

}  // namespace
}  // namespace satchel::cli
