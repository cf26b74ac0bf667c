#include "adapters/localfs/local_errors.h"

#include <gmock/gmock.h>

#include <cerrno>

namespace satchel::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LocalErrorsTest, AFullDiskIsUnavailableWithRetryInfo) {
  for (const int error : {ENOSPC, EDQUOT, EFBIG}) {
    const Status status = LocalStoreError("write", "tmp/x", error);
    EXPECT_TRUE(status.Is(Reason::kObjectStoreUnavailable));
    EXPECT_THAT(status.message(), HasSubstr("full"));
    EXPECT_TRUE(status.retry_after().has_value());
  }
}

TEST(LocalErrorsTest, ABrokenDiskIsUnavailableWithRetryInfo) {
  for (const int error : {EIO, EROFS, EACCES, EMFILE, ENOMEM, ENOENT, ESTALE, EXDEV}) {
    const Status status = LocalStoreError("write", "tmp/x", error);
    EXPECT_TRUE(status.Is(Reason::kObjectStoreUnavailable)) << error;
    EXPECT_TRUE(status.retry_after().has_value()) << error;
  }
}

TEST(LocalErrorsTest, WhatOnlyABugCausesIsInternal) {
  for (const int error : {EBADF, EFAULT, EINVAL, ENAMETOOLONG, EEXIST}) {
    EXPECT_TRUE(LocalStoreError("write", "tmp/x", error).Is(Reason::kInternal)) << error;
  }
}

TEST(LocalErrorsTest, CallersSeeNoPathAndTheLogDoes) {
  const Status status = LocalStoreError("write", "tmp/x", EIO);
  EXPECT_THAT(status.message(), Not(HasSubstr("tmp/x")));
  EXPECT_EQ(status.cause(), "write tmp/x: Input/output error (EIO)");
}

TEST(LocalErrorsTest, OperatorsSeePathErrorAndAdvice) {
  const Status status = StorageFolderError("open", "/data/x", EROFS);
  EXPECT_TRUE(status.Is(Reason::kConfigurationInvalid));
  EXPECT_THAT(status.message(), HasSubstr("cannot open /data/x: Read-only file system (EROFS); "));
  EXPECT_THAT(status.message(), HasSubstr("mount it writable"));
}

TEST(LocalErrorsTest, UnknownNumbersAreShownAsNumbers) {
  EXPECT_EQ(DescribeErrno(4095), "error 4095");
}

}  // namespace
}  // namespace satchel::testing
