/// The whole core over stores in memory that fail on demand, with its own clock.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/consistency_check.h"
#include "core/document_service.h"
#include "core/sweeper.h"
#include "core/upload.h"
#include "support/fake_streams.h"
#include "support/fault_injector.h"
#include "support/faulty_metadata_store.h"
#include "support/faulty_object_store.h"
#include "support/manual_clock.h"
#include "support/memory_metadata_store.h"
#include "support/memory_object_store.h"
#include "support/recording_observers.h"
#include "support/sequential_ids.h"

namespace satchel {

/// Keeps what the consistency check finds.
class RecordingListener final : public ConsistencyListener {
 public:
  void OnFinding(const Finding& finding) override { findings.push_back(finding); }
  void OnProgress(const ConsistencyProgress& progress) override { last_progress = progress; }

  std::vector<Finding> findings;
  ConsistencyProgress last_progress;
};

/// A service, its stores, and what can happen to them. The stores survive Restart(). One document
/// of another user, the resident, is there from the start: nothing may ever happen to it.
class ProtocolRig {
 public:
  static constexpr std::int64_t kQuota = 1000;  ///< bytes
  static constexpr std::chrono::seconds kLease{900};
  static constexpr std::size_t kChunkBytes = 8;

  explicit ProtocolRig(VersionNaming naming, SweeperOptions options = {});

  /// Uploads to the user "alice", in chunks of kChunkBytes.
  Result<Document> Upload(const std::string& filename, const std::string& content);
  Result<Document> UploadFrom(UploadStream& stream);
  /// The bytes that alice gets, or why she does not.
  Result<std::string> Download(const DocumentId& id);
  Status DownloadTo(const CallContext& call, const DocumentId& id, DownloadSink& sink);
  Result<Deletion> Delete(const DocumentId& id);
  std::vector<Document> ListAlice();
  static UploadMetadata MetadataOf(const std::string& filename, const std::string& content);

  /// The process starts anew on the same stores: pairing, then the sweep at the start.
  void Restart();
  SweepReport Sweep();
  /// No more faults; what is late arrives; leases run out and the sweeper gets all the time that
  /// I5 gives it.
  void Settle();
  /// I1, I2, I3, I5, the resident document, and no row or version beyond the COMPLETED ones.
  testing::AssertionResult IsConsistent();
  RecordingListener Check(bool repair, ConsistencySummary* summary = nullptr);

  ManualClock clock;
  MemoryObjectStore objects;
  MemoryMetadataStore metadata;
  FaultInjector faults;
  FaultyObjectStore faulty_objects{objects, faults};
  FaultyMetadataStore faulty_metadata{metadata, faults};
  RecordingEventLog log;
  RecordingSweepObserver observer;
  SequentialIds ids;
  SweeperOptions sweeper_options;
  std::chrono::seconds delete_retention{0};  ///< takes effect with the next Restart()

 private:
  class NoLinks;
  struct Process;

  std::shared_ptr<Process> process_;
  std::optional<Document> resident_;
};

}  // namespace satchel
