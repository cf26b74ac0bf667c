#include "contract/object_store_contract.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "base/identifiers.h"
#include "base/sha256.h"
#include "ports/object_key.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

const CallContext kCall("contract");

std::span<const std::byte> ToBytes(std::string_view text) { return std::as_bytes(std::span(text)); }

ContentHash HashOf(std::string_view text) {
  Sha256 hash;
  hash.Update(ToBytes(text));
  return hash.Finish();
}

/// Bytes of which no two blocks are alike.
std::string Pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

ObjectSpec SpecOf(const std::string& key, std::string_view content) {
  SecureIdGenerator ids;
  return {key, ids.NewAttemptId(), static_cast<std::int64_t>(content.size()), "text/plain"};
}

/// Writes in pieces of `piece` bytes.
Result<ObjectRef> Put(ObjectStore& store, const ObjectSpec& spec, std::string_view content,
                      std::size_t piece = 1 << 16) {
  SATCHEL_ASSIGN_OR_RETURN(std::unique_ptr<ObjectWriter> writer, store.Create(kCall, spec));
  for (std::size_t sent = 0; sent < content.size(); sent += piece) {
    SATCHEL_RETURN_IF_ERROR(writer->Append(kCall, ToBytes(content.substr(sent, piece))));
  }
  SATCHEL_ASSIGN_OR_RETURN(ObjectVersion version, writer->Commit(kCall, HashOf(content)));
  return ObjectRef{spec.key, std::move(version)};
}

Result<std::string> ReadAll(ObjectReader& reader, std::size_t block = 10'000) {
  std::string bytes;
  std::vector<std::byte> buffer(block);
  while (true) {
    SATCHEL_ASSIGN_OR_RETURN(const std::size_t count, reader.Read(kCall, buffer));
    if (count == 0) return bytes;
    bytes.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
}

/// The bytes from `offset` on; "absent" as an error.
Result<std::string> Get(ObjectStore& store, const ObjectRef& object, std::int64_t offset = 0) {
  SATCHEL_ASSIGN_OR_RETURN(std::unique_ptr<ObjectReader> reader, store.Open(kCall, object, offset));
  if (reader == nullptr) return Status(Reason::kDocumentNotFound, "absent");
  return ReadAll(*reader);
}

bool IsAbsent(ObjectStore& store, const ObjectRef& object) {
  const auto reader = store.Open(kCall, object, 0);
  EXPECT_TRUE(reader.ok()) << reader.status().ToString();
  return reader.ok() && *reader == nullptr;
}

std::vector<StoredVersion> ListAll(ObjectStore& store) {
  std::vector<StoredVersion> all;
  std::string cursor;
  do {
    auto page = store.ListVersions(kCall, cursor);
    EXPECT_TRUE(page.ok()) << page.status().ToString();
    if (!page.ok()) break;
    all.insert(all.end(), page->versions.begin(), page->versions.end());
    cursor = page->next_cursor;
  } while (!cursor.empty());
  return all;
}

const std::string kKey = "documents/alice/general/2026-03-01/a.txt";

TEST_P(ObjectStoreContract, WhatWasCommittedComesBack) {
  for (const std::size_t size : {1U, 4096U, 65'537U, 1'500'000U}) {
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{65'536}, size}) {
      const std::string content = Pattern(size);
      const Result<ObjectRef> object = Put(store(), SpecOf(kKey, content), content, piece);
      ASSERT_TRUE(object.ok()) << object.status().ToString();
      EXPECT_FALSE(object->version.empty());
      const Result<std::string> bytes = Get(store(), *object);
      ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
      EXPECT_TRUE(*bytes == content) << size << " bytes in pieces of " << piece;
    }
  }
}

TEST_P(ObjectStoreContract, ReadingStartsAtTheOffset) {
  const std::string content = Pattern(100'000);
  const ObjectRef object = Put(store(), SpecOf(kKey, content), content).value();
  for (const std::size_t offset : {0UL, 1UL, 65'536UL, 99'999UL, 100'000UL}) {
    const auto reader = store().Open(kCall, object, static_cast<std::int64_t>(offset));
    ASSERT_TRUE(reader.ok()) << reader.status().ToString();
    ASSERT_NE(*reader, nullptr);
    EXPECT_EQ((*reader)->size(), 100'000) << "the whole object's length, whatever the offset";
    EXPECT_TRUE(ReadAll(**reader).value() == content.substr(offset)) << offset;
  }
}

TEST_P(ObjectStoreContract, NothingIsVisibleBeforeTheCommit) {
  const std::string content = Pattern(200'000);
  const ObjectSpec spec = SpecOf(kKey, content);
  auto writer = store().Create(kCall, spec);
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  ASSERT_TRUE((*writer)->Append(kCall, ToBytes(content)).ok());
  EXPECT_TRUE(ListAll(store()).empty());
  EXPECT_TRUE(IsAbsent(store(), {spec.key, ObjectVersion(spec.attempt.value())}));
  ASSERT_TRUE((*writer)->Commit(kCall, HashOf(content)).ok());
  EXPECT_EQ(ListAll(store()).size(), 1U);
}

TEST_P(ObjectStoreContract, AWriterThatDoesNotCommitLeavesNothing) {
  const std::string content = Pattern(200'000);
  const ObjectSpec spec = SpecOf(kKey, content);
  {
    auto writer = store().Create(kCall, spec);
    ASSERT_TRUE(writer.ok()) << writer.status().ToString();
    ASSERT_TRUE((*writer)->Append(kCall, ToBytes(content)).ok());
  }
  EXPECT_TRUE(ListAll(store()).empty());
  EXPECT_TRUE(store().RemoveAttempt(kCall, spec.key, spec.attempt, UploadId()).ok());
}

TEST_P(ObjectStoreContract, AnotherLengthThanAnnouncedIsNeverPublished) {
  const std::string content = Pattern(1000);
  for (const std::int64_t announced : {999, 1001}) {
    ObjectSpec spec = SpecOf(kKey, content);
    spec.size = announced;
    EXPECT_FALSE(Put(store(), spec, content).ok()) << announced;
    EXPECT_TRUE(ListAll(store()).empty()) << announced;
  }
}

TEST_P(ObjectStoreContract, VersionsOfOneKeyAreIndependent) {
  const std::string first = Pattern(1000);
  const std::string second = Pattern(2000);
  const ObjectRef old = Put(store(), SpecOf(kKey, first), first).value();
  const ObjectRef renewed = Put(store(), SpecOf(kKey, second), second).value();
  EXPECT_NE(old.version, renewed.version);
  EXPECT_TRUE(Get(store(), old).value() == first);
  EXPECT_TRUE(Get(store(), renewed).value() == second);
  ASSERT_TRUE(store().Remove(kCall, old).ok());
  EXPECT_TRUE(IsAbsent(store(), old));
  EXPECT_TRUE(Get(store(), renewed).value() == second);
}

TEST_P(ObjectStoreContract, TheNewestVersionOfAKeyIsFoundWhereKeysAreKept) {
  EXPECT_EQ(store().FindNewest(kCall, kKey).value(), ObjectVersion());
  const ObjectRef old = Put(store(), SpecOf(kKey, "old"), "old").value();
  const ObjectRef newer = Put(store(), SpecOf(kKey, "newer"), "newer").value();
  Put(store(), SpecOf(kKey + ".bak", "longer"), "longer").value();
  const bool keeps_keys = !ListAll(store()).at(0).object.key.empty();
  const auto newest = [&] { return store().FindNewest(kCall, kKey).value(); };
  EXPECT_EQ(newest(), keeps_keys ? newer.version : ObjectVersion());
  ASSERT_TRUE(store().Remove(kCall, newer).ok());
  EXPECT_EQ(newest(), keeps_keys ? old.version : ObjectVersion());
  ASSERT_TRUE(store().Remove(kCall, old).ok());
  EXPECT_EQ(newest(), ObjectVersion());
}

TEST_P(ObjectStoreContract, ASecondUseOfAnAttemptOverwritesNothing) {
  const std::string first = Pattern(1000);
  const std::string second(1000, 'x');
  const ObjectSpec spec = SpecOf(kKey, first);
  const ObjectRef object = Put(store(), spec, first).value();
  const Result<ObjectRef> again = Put(store(), spec, second);
  EXPECT_TRUE(!again.ok() || again->version != object.version);
  EXPECT_TRUE(Get(store(), object).value() == first);
}

TEST_P(ObjectStoreContract, RemovingWhatIsGoneIsFine) {
  const std::string content = Pattern(1000);
  const ObjectRef object = Put(store(), SpecOf(kKey, content), content).value();
  EXPECT_TRUE(store().Remove(kCall, object).ok());
  EXPECT_TRUE(store().Remove(kCall, object).ok());
  EXPECT_TRUE(IsAbsent(store(), object));
  EXPECT_TRUE(ListAll(store()).empty());
  SecureIdGenerator ids;
  EXPECT_TRUE(store().RemoveAttempt(kCall, kKey, ids.NewAttemptId(), UploadId()).ok());
}

TEST_P(ObjectStoreContract, AReadFillsAtLeastHalfOfItsBuffer) {
  const std::string content = Pattern(3'000'001);
  const ObjectRef object = Put(store(), SpecOf(kKey, content), content).value();
  for (const std::size_t size : {1'048'576U, 262'144U, 300'001U}) {
    const auto reader = store().Open(kCall, object, 0);
    ASSERT_TRUE(reader.ok() && *reader != nullptr);
    std::vector<std::byte> buffer(size);
    std::string bytes;
    while (bytes.size() < content.size()) {
      const std::size_t count = (*reader)->Read(kCall, buffer).value();
      ASSERT_GE(2 * count, std::min(size, content.size() - bytes.size())) << bytes.size();
      bytes.append(reinterpret_cast<const char*>(buffer.data()), count);
    }
    EXPECT_EQ(bytes, content);
    EXPECT_EQ((*reader)->Read(kCall, buffer).value(), 0U);
  }
}

TEST_P(ObjectStoreContract, SmallBuffersAreFilledToo) {
  const std::string content = Pattern(1000);
  const ObjectRef object = Put(store(), SpecOf(kKey, content), content).value();
  for (const std::size_t size : {1U, 2U, 3U}) {
    const auto reader = store().Open(kCall, object, 1);
    ASSERT_TRUE(reader.ok() && *reader != nullptr);
    EXPECT_EQ(ReadAll(**reader, size).value(), content.substr(1)) << size;
  }
}

TEST_P(ObjectStoreContract, AReaderNeverSeesOtherBytesAfterARemoval) {
  const std::string content = Pattern(500'000);
  const ObjectRef object = Put(store(), SpecOf(kKey, content), content).value();
  const auto reader = store().Open(kCall, object, 0);
  ASSERT_TRUE(reader.ok() && *reader != nullptr);
  std::vector<std::byte> block(1000);
  ASSERT_GT((*reader)->Read(kCall, block).value(), 0U);
  ASSERT_TRUE(store().Remove(kCall, object).ok());
  const std::string other(500'000, 'x');
  ASSERT_TRUE(Put(store(), SpecOf(kKey, other), other).ok());
  const Result<std::string> rest = ReadAll(**reader);
  EXPECT_TRUE(!rest.ok() || *rest == content.substr(1000)) << rest->size();
}

TEST_P(ObjectStoreContract, StrangeVersionsAreAbsentAndNeverAPath) {
  const std::string content = Pattern(10);
  const ObjectRef object = Put(store(), SpecOf(kKey, content), content).value();
  for (const std::string& version :
       {std::string("../store-id"), std::string("/etc/passwd"), std::string(4000, 'a'),
        std::string("00000000000000000000000000000000"), std::string("..\0..", 5)}) {
    EXPECT_TRUE(IsAbsent(store(), {kKey, ObjectVersion(version)})) << version;
    EXPECT_TRUE(store().Remove(kCall, {kKey, ObjectVersion(version)}).ok()) << version;
  }
  EXPECT_TRUE(Get(store(), object).ok());
}

TEST_P(ObjectStoreContract, HostileKeysAreOrdinaryKeys) {
  std::map<std::string, ObjectRef> stored;
  for (const std::string& name :
       {std::string("a b.txt"), std::string("100%+#?&.txt"), std::string("'\"`$(x).txt"),
        std::string("...txt"), std::string("emoji \U0001F4DA.txt"), std::string("ä日本.txt"),
        std::string(251, 'n') + ".txt", std::string("a.txt "), std::string("A.TXT"),
        std::string("\uFFFE\uFFFF.txt")}) {
    for (const std::string user : {"al ice", ". ", " ..", " ", "a\uFFFF"}) {
      const std::string path = "documents/" + user + "/%2e%2e/2026-03-01/" + name;
      const Result<ObjectRef> object = Put(store(), SpecOf(KeyOfPath(path), path), path);
      ASSERT_TRUE(object.ok()) << path << ": " << object.status().ToString();
      stored[path] = *object;
    }
  }
  for (const auto& [path, object] : stored) EXPECT_EQ(Get(store(), object).value(), path);
  for (const StoredVersion& version : ListAll(store())) {
    if (version.object.key.empty()) continue;  // a store that keeps no keys
    EXPECT_TRUE(std::ranges::any_of(stored, [&](const auto& entry) {
      return entry.second == version.object;
    })) << version.object.key;
  }
}

TEST_P(ObjectStoreContract, TheListingShowsEveryVersionOnce) {
  std::map<ObjectVersion, std::int64_t> stored;
  const Timestamp before = store().Now(kCall).value();
  for (std::size_t size = 1; size <= 40; ++size) {
    const std::string content = Pattern(size);
    const std::string key = kKey + std::to_string(size / 3);
    const ObjectRef object = Put(store(), SpecOf(key, content), content).value();
    stored[object.version] = static_cast<std::int64_t>(size);
  }
  const Timestamp after = store().Now(kCall).value();
  std::map<ObjectVersion, std::int64_t> listed;
  for (const StoredVersion& version : ListAll(store())) {
    EXPECT_TRUE(listed.emplace(version.object.version, version.size).second) << "listed twice";
    EXPECT_GE(version.modified_at, before - 2s);
    EXPECT_LE(version.modified_at, after + 2s);
    EXPECT_EQ(Get(store(), version.object).value().size(), static_cast<std::size_t>(version.size));
  }
  EXPECT_EQ(listed, stored);
}

TEST_P(ObjectStoreContract, RemovalsDoNotShiftThePagesOfAListing) {
  for (int i = 0; i < 30; ++i) {
    const std::string key = kKey + std::to_string(i);
    ASSERT_TRUE(Put(store(), SpecOf(key, "x"), "x").ok());
  }
  std::set<ObjectVersion> seen;
  std::string cursor;
  do {
    const StoredVersionPage page = store().ListVersions(kCall, cursor).value();
    for (const StoredVersion& version : page.versions) {
      seen.insert(version.object.version);
      ASSERT_TRUE(store().Remove(kCall, version.object).ok());
    }
    cursor = page.next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(seen.size(), 30U);
  EXPECT_TRUE(ListAll(store()).empty());
}

TEST_P(ObjectStoreContract, BytesSurviveTheProcess) {
  const std::string content = Pattern(100'000);
  const ObjectRef object = Put(store(), SpecOf(kKey, content), content).value();
  Reopen();
  EXPECT_TRUE(Get(store(), object).value() == content);
  EXPECT_EQ(ListAll(store()).size(), 1U);
}

TEST_P(ObjectStoreContract, TheStoreIdIsWrittenOnce) {
  EXPECT_EQ(store().ReadStoreId(kCall).value(), std::nullopt);
  const StoreId id("0123456789abcdef0123456789abcdef");
  ASSERT_TRUE(store().WriteStoreId(kCall, id).ok());
  EXPECT_EQ(store().ReadStoreId(kCall).value(), id);
  EXPECT_FALSE(store().WriteStoreId(kCall, StoreId("f0123456789abcdef0123456789abcde")).ok());
  EXPECT_EQ(store().ReadStoreId(kCall).value(), id);
  Reopen();
  EXPECT_EQ(store().ReadStoreId(kCall).value(), id);
  EXPECT_TRUE(ListAll(store()).empty()) << "the id is no document";
}

TEST_P(ObjectStoreContract, ACancelledCallChangesNothing) {
  const std::string content = Pattern(1000);
  const ObjectRef object = Put(store(), SpecOf(kKey, content), content).value();
  const auto expect_refused = [&](const CallContext& call, Reason reason) {
    const ObjectSpec spec = SpecOf(kKey, content);
    EXPECT_TRUE(store().Create(call, spec).status().Is(reason));
    EXPECT_TRUE(store().Open(call, object, 0).status().Is(reason));
    EXPECT_TRUE(store().Remove(call, object).Is(reason));
    EXPECT_TRUE(store().RemoveAttempt(call, kKey, spec.attempt, UploadId()).Is(reason));
    EXPECT_TRUE(store().ListVersions(call, "").status().Is(reason));
    auto writer = store().Create(kCall, spec);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Append(kCall, ToBytes(content)).ok());
    EXPECT_TRUE((*writer)->Commit(call, HashOf(content)).status().Is(reason));
  };
  CallContext gone("gone");
  gone.Cancel();
  expect_refused(gone, Reason::kCancelled);
  expect_refused(CallContext("late", std::chrono::steady_clock::now() - 1s),
                 Reason::kDeadlineExceeded);
  EXPECT_TRUE(Get(store(), object).value() == content);
  EXPECT_EQ(ListAll(store()).size(), 1U);
}

TEST_P(ObjectStoreContract, ManyCanUseItAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kObjects = 12;
  std::vector<std::thread> threads;
  std::vector<int> right(kThreads, 0);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, thread, &right] {
      for (int i = 0; i < kObjects; ++i) {
        const int size = 1000 + thread * 100 + i;
        const std::string content = Pattern(static_cast<std::size_t>(size));
        const Result<ObjectRef> object = Put(store(), SpecOf(kKey, content), content, 300);
        if (!object.ok()) continue;
        const Result<std::string> bytes = Get(store(), *object);
        if (!bytes.ok() || *bytes != content) continue;
        if (i % 2 == 1 && !store().Remove(kCall, *object).ok()) continue;
        ++right[static_cast<std::size_t>(thread)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : right) EXPECT_EQ(count, kObjects);
  EXPECT_EQ(ListAll(store()).size(), static_cast<std::size_t>(kThreads * kObjects / 2));
}

TEST_P(ObjectStoreContract, AStoreThatWorksAnswersTheProbe) {
  const Status probed = store().Probe(kCall);
  EXPECT_TRUE(probed.ok()) << probed.ToString();
  EXPECT_TRUE(ListAll(store()).empty());
}

}  // namespace
}  // namespace satchel
