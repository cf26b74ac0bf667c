// A random history of uploads, deletes, crashes, faults, late requests, foreign bytes and sweeps.
// After each step the model, which knows what may never go, is held against the stores.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/protocol_rig.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr int kHistories = 300;
constexpr int kStepsPerHistory = 120;

/// From the environment, to repeat a history; else new in each run.
std::uint64_t Seed() {
  const char* given = std::getenv("SATCHEL_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

class History {
 public:
  History(VersionNaming naming, std::uint64_t seed)
      : naming_(naming), random_(seed), rig_(naming) {}

  void Run() {
    for (int step = 0; step < kStepsPerHistory && !testing::Test::HasFailure(); ++step) Step();
    rig_.faults.Reset();
    rig_.Settle();
    rig_.Settle();
    RemoveForeign();
    EXPECT_TRUE(rig_.IsConsistent());
    for (const auto& [id, content] : stored_) {
      const Result<std::string> bytes = rig_.Download(id);
      ASSERT_TRUE(bytes.ok()) << id.value() << " " << bytes.status().ToString();
      EXPECT_EQ(*bytes, content);
    }
  }

  std::size_t documents() const { return stored_.size(); }
  std::vector<SweepReport> reports() const { return rig_.observer.reports(); }

 private:
  int Pick(int choices) { return std::uniform_int_distribution<int>(0, choices - 1)(random_); }

  void Step() {
    rig_.faults.Reset();
    rig_.faults.SetLateCalls(Pick(60));
    if (Pick(3) == 0) rig_.faults.Arm(1 + Pick(12), static_cast<Fault>(Pick(8)));
    switch (Pick(8)) {
      case 0:
      case 1:
      case 2:
        Upload();
        break;
      case 3:
        Delete();
        break;
      case 4:
        Plant();
        break;
      case 5:
        rig_.clock.Advance(std::chrono::minutes(Pick(20 * 60)));
        break;
      default:
        Sweep();
    }
    if (rig_.faults.crashed()) rig_.Restart();
  }

  void Upload() {
    const std::string content = "content " + std::to_string(Pick(1000));
    const std::string name = std::to_string(Pick(12)) + ".txt";
    const Result<Document> answer = rig_.Upload(name, content);
    if (answer.ok()) stored_[answer->id] = content;
  }

  void Delete() {
    if (stored_.empty()) return;
    auto chosen = stored_.begin();
    std::advance(chosen, Pick(static_cast<int>(stored_.size())));
    // Whatever the answer is, the document may be gone from now on.
    const DocumentId id = chosen->first;
    const std::string content = chosen->second;
    stored_.erase(chosen);
    if (rig_.Delete(id).status().Is(Reason::kDocumentNotFound)) {
      ADD_FAILURE() << "an acknowledged document is gone: " << id.value() << " " << content;
    }
  }

  /// Bytes of nobody: ours by their form, or foreign.
  void Plant() {
    const std::string number = std::to_string(++planted_);
    if (Pick(2) == 0) {
      const ObjectRef foreign{naming_ == VersionNaming::kAttempt ? "" : "backups/" + number,
                              ObjectVersion("f" + number)};
      foreign_.insert(foreign);
      rig_.objects.Plant(foreign, "foreign");
    } else if (naming_ == VersionNaming::kAttempt) {
      const std::string zeros(32 - number.size() - 1, '0');
      rig_.objects.Plant({"", ObjectVersion("f" + zeros + number)}, "orphan");
    } else {
      rig_.objects.Plant(
          {"documents/alice/general/2026-02-01/o" + number + ".txt", ObjectVersion("o" + number)},
          "orphan");
    }
  }

  /// What no sweep may touch: referenced by a document, young without a row, or foreign.
  std::set<ObjectRef> Untouchable() {
    std::set<ObjectVersion> of_documents;
    std::set<ObjectVersion> of_garbage;
    for (const auto& row : rig_.metadata.rows()) {
      const bool garbage = row.document.state != DocumentState::kCompleted;
      ObjectVersion version = row.document.version;
      if (version.empty()) version = ObjectVersion(row.document.attempt.value());
      (garbage ? of_garbage : of_documents).insert(version);
    }
    std::set<ObjectRef> untouchable;
    const CallContext call("model");
    std::string cursor;
    do {
      const StoredVersionPage page = rig_.objects.ListVersions(call, cursor).value();
      for (const StoredVersion& version : page.versions) {
        const bool young = rig_.clock.WallNow() - version.modified_at <= 24h;
        const bool garbage = of_garbage.contains(version.object.version);
        if (of_documents.contains(version.object.version) || foreign_.contains(version.object) ||
            (young && !garbage)) {
          untouchable.insert(version.object);
        }
      }
      cursor = page.next_cursor;
    } while (!cursor.empty());
    return untouchable;
  }

  void Sweep() {
    // Late requests belong to the world, not to the sweep that is judged here.
    rig_.faults.LandLateEffects();
    const std::set<ObjectRef> untouchable = Untouchable();
    rig_.Sweep();
    const std::vector<ObjectRef> left = rig_.objects.versions();
    const std::set<ObjectRef> versions(left.begin(), left.end());
    for (const ObjectRef& object : untouchable) {
      EXPECT_TRUE(versions.contains(object))
          << "the sweeper removed " << object.key << " " << object.version.value();
    }
  }

  void RemoveForeign() {
    for (const ObjectRef& object : foreign_) rig_.objects.EraseVersion(object);
  }

  const VersionNaming naming_;
  std::mt19937_64 random_;
  ProtocolRig rig_;
  std::map<DocumentId, std::string> stored_;  ///< acknowledged, and never asked to be deleted
  std::set<ObjectRef> foreign_;
  int planted_ = 0;
};

class SweeperModel : public testing::TestWithParam<VersionNaming> {};

TEST_P(SweeperModel, NeverRemovesWhatItMustNotAndAlwaysTheRest) {
  const std::uint64_t first = Seed();
  SweepReport all;
  std::size_t documents = 0;
  for (std::uint64_t seed = first; seed < first + kHistories && !HasFailure(); ++seed) {
    SCOPED_TRACE("SATCHEL_TEST_SEED=" + std::to_string(seed));
    History history(GetParam(), seed);
    history.Run();
    documents += history.documents();
    for (const SweepReport& report : history.reports()) {
      all.uploads_failed += report.uploads_failed;
      all.rows_removed += report.rows_removed;
      all.orphans_removed += report.orphans_removed;
    }
  }
  // The histories are worth their name.
  EXPECT_GT(documents, static_cast<std::size_t>(kHistories));
  EXPECT_GT(all.uploads_failed, kHistories / 2);
  EXPECT_GT(all.rows_removed, kHistories);
  EXPECT_GT(all.orphans_removed, kHistories);
}

INSTANTIATE_TEST_SUITE_P(Stores, SweeperModel,
                         testing::Values(VersionNaming::kAttempt, VersionNaming::kOpaque,
                                         VersionNaming::kMultipart),
                         NameOfNaming);

}  // namespace
}  // namespace satchel
