#include "support/protocol_rig.h"

#include "core/store_pairing.h"
#include "support/run_coroutine.h"

namespace satchel {
namespace {

using namespace std::chrono_literals;

constexpr const char* kResidentBytes = "the resident document's own bytes";

UploadLimits Limits() {
  return {.file_size_max = ProtocolRig::kQuota,
          .default_quota = ProtocolRig::kQuota,
          .lease = ProtocolRig::kLease,
          .concurrent_max = 8};
}

}  // namespace

class ProtocolRig::NoLinks final : public LinkSigner {
 public:
  Result<SignedLink> Sign(const CallContext&, const Document&, std::chrono::minutes) override {
    return InternalError("the rig signs no links");
  }
};

/// What dies in a crash.
struct ProtocolRig::Process {
  explicit Process(ProtocolRig& rig)
      : uploader(rig.faulty_metadata, rig.faulty_objects, rig.clock, rig.ids, rig.log,
                 FileTypePolicy({"text/plain"}, {"txt"}), Limits()),
        service(uploader, rig.faulty_metadata, rig.faulty_objects, links, rig.log,
                {.default_quota = kQuota,
                 .link_life_default = 30min,
                 .delete_retention = rig.delete_retention}),
        sweeper(rig.faulty_metadata, rig.faulty_objects, rig.clock, rig.log, rig.observer,
                rig.sweeper_options) {}

  NoLinks links;
  Uploader uploader;
  DocumentService service;
  Sweeper sweeper;
};

ProtocolRig::ProtocolRig(VersionNaming naming, SweeperOptions options)
    : objects(clock, naming), metadata(clock), sweeper_options(std::move(options)) {
  sweeper_options.sole_uploader = true;
  faults.OnCrash([this] { objects.Crash(); });
  Restart();
  UploadMetadata metadata_of_resident = MetadataOf("resident.txt", kResidentBytes);
  metadata_of_resident.user_id = "resident";
  FakeUploadStream stream(metadata_of_resident, kResidentBytes, kChunkBytes);
  Result<Document> resident = UploadFrom(stream);
  EXPECT_TRUE(resident.ok()) << resident.status().ToString();
  if (resident.ok()) resident_ = *resident;
  faults.Reset();
}

UploadMetadata ProtocolRig::MetadataOf(const std::string& filename, const std::string& content) {
  return {.user_id = "alice",
          .category = "general",
          .filename = filename,
          .mime_type = "text/plain",
          .size = static_cast<std::int64_t>(content.size())};
}

Result<Document> ProtocolRig::Upload(const std::string& filename, const std::string& content) {
  FakeUploadStream stream(MetadataOf(filename, content), content, kChunkBytes);
  return UploadFrom(stream);
}

Result<Document> ProtocolRig::UploadFrom(UploadStream& stream) {
  CallContext call("upload");
  faults.OnCancel([&call] { call.Cancel(); });
  return RunCoroutine(process_->service.Upload(call, stream));
}

Result<std::string> ProtocolRig::Download(const DocumentId& id) {
  CallContext call("download");
  faults.OnCancel([&call] { call.Cancel(); });
  FakeDownloadSink sink;
  SATCHEL_RETURN_IF_ERROR(DownloadTo(call, id, sink));
  return sink.bytes();
}

Status ProtocolRig::DownloadTo(const CallContext& call, const DocumentId& id, DownloadSink& sink) {
  const DocumentSelector which{"alice", id.value()};
  return RunCoroutine(process_->service.Download(call, which, 0, sink));
}

Result<Deletion> ProtocolRig::Delete(const DocumentId& id) {
  CallContext call("delete");
  faults.OnCancel([&call] { call.Cancel(); });
  return process_->service.Delete(call, {"alice", id.value()});
}

std::vector<Document> ProtocolRig::ListAlice() {
  const CallContext call("list");
  ListRequest request;
  request.user_id = "alice";
  Result<ListAnswer> answer = process_->service.List(call, request);
  EXPECT_TRUE(answer.ok()) << answer.status().ToString();
  return answer.ok() ? answer->documents : std::vector<Document>();
}

void ProtocolRig::Restart() {
  faults.Reset();
  process_ = std::make_shared<Process>(*this);
  const CallContext call("start");
  const Result<StoreId> paired = PairStores(call, faulty_metadata, faulty_objects, ids);
  EXPECT_TRUE(paired.ok()) << paired.status().ToString();
  const SweepReport report = process_->sweeper.RunOnce(call, SweepTrigger::kStartup);
  EXPECT_TRUE(report.status.ok()) << report.status.ToString();
}

SweepReport ProtocolRig::Sweep() {
  CallContext call("sweep");
  faults.OnCancel([&call] { call.Cancel(); });
  return process_->sweeper.RunOnce(call, SweepTrigger::kTimer);
}

void ProtocolRig::Settle() {
  faults.Reset();
  faults.LandLateEffects();
  for (const std::chrono::minutes pause :
       {std::chrono::minutes(kLease / 60s + 1), std::chrono::minutes(25h), 31min}) {
    clock.Advance(pause);
    const SweepReport report = Sweep();
    EXPECT_TRUE(report.status.ok()) << report.status.ToString();
    EXPECT_EQ(report.row_failures, 0);
  }
}

RecordingListener ProtocolRig::Check(bool repair, ConsistencySummary* summary) {
  const CallContext call("fsck");
  RecordingListener listener;
  ConsistencyOptions options;
  options.repair = repair;
  ConsistencyCheck check(faulty_metadata, faulty_objects, process_->sweeper, log, observer,
                         options);
  const Result<ConsistencySummary> done = check.Run(call, listener);
  EXPECT_TRUE(done.ok()) << done.status().ToString();
  if (done.ok() && summary != nullptr) *summary = *done;
  return listener;
}

testing::AssertionResult ProtocolRig::IsConsistent() {
  ConsistencySummary summary;
  const RecordingListener found = Check(false, &summary);
  auto failure = testing::AssertionFailure();
  for (const Finding& finding : found.findings) {
    failure << InvariantOf(finding.kind) << " " << NameOf(finding.kind) << " "
            << finding.document.value() << " " << finding.message << "\n";
  }
  if (!found.findings.empty()) return failure;
  if (summary.young_orphans > 0) return failure << "orphans that are still young";
  if (metadata.quota_ever_exceeded()) return failure << "I3: the quota was exceeded";
  if (objects.staged_count() > 0) return failure << "staged bytes are left";
  const std::vector<MemoryMetadataStore::Row> rows = metadata.rows();
  bool resident_found = false;
  for (const MemoryMetadataStore::Row& row : rows) {
    if (row.document.state != DocumentState::kCompleted) {
      return failure << "a row is left " << NameOf(row.document.state);
    }
    resident_found |= resident_ && row.document.id == resident_->id;
  }
  if (!resident_found) return failure << "the resident document is gone";
  if (objects.versions().size() != rows.size()) {
    return failure << objects.versions().size() << " versions for " << rows.size() << " rows";
  }
  return testing::AssertionSuccess();
}

}  // namespace satchel
