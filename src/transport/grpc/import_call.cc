#include "transport/grpc/import_call.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace satchel {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{50};

std::optional<ImportMode> ModeOf(ImportTableRequest::Mode mode) {
  switch (mode) {
    case ImportTableRequest::MODE_PLAN:
      return ImportMode::kPlan;
    case ImportTableRequest::MODE_IMPORT:
      return ImportMode::kImport;
    case ImportTableRequest::MODE_VERIFY:
      return ImportMode::kVerify;
    case ImportTableRequest::MODE_ROLLBACK:
      return ImportMode::kRollback;
    default:
      return std::nullopt;
  }
}

std::optional<LegacyDatabase> KindOf(ImportTableRequest::Database database) {
  switch (database) {
    case ImportTableRequest::DATABASE_POSTGRESQL:
      return LegacyDatabase::kPostgresql;
    case ImportTableRequest::DATABASE_MYSQL:
      return LegacyDatabase::kMysql;
    case ImportTableRequest::DATABASE_SQLITE:
      return LegacyDatabase::kSqlite;
    default:
      return std::nullopt;
  }
}

Result<ImportRequest> FromMessage(const ImportTableRequest& message) {
  const std::optional<ImportMode> mode = ModeOf(message.mode());
  if (!mode) return InvalidField("mode", "must be given", "");
  ImportRequest request{.mode = *mode,
                        .source = {},
                        .source_name = message.source_name(),
                        .source_name_is_default = message.source_name_is_default(),
                        .jobs = message.jobs()};
  if (*mode == ImportMode::kRollback) return request;
  const ImportTableRequest::Address& address = message.address();
  const std::optional<LegacyDatabase> kind = KindOf(address.database_kind());
  if (!kind) return InvalidField("address", "must name the kind of database", "");
  request.source.address = {.kind = *kind,
                            .path = address.path(),
                            .host = address.host(),
                            .port = address.port(),
                            .user = address.user(),
                            .password = Secret(address.password()),
                            .database = address.database(),
                            .ca_file = address.ca_file()};
  request.source.table = message.table();
  request.source.columns = {.id = message.columns().id(),
                            .teacher = message.columns().teacher(),
                            .text = message.columns().text(),
                            .source = message.columns().source(),
                            .timestamp = message.columns().timestamp()};
  return request;
}

ImportTableResponse::Report ToMessage(const std::string& source_name, const ImportReport& report) {
  ImportTableResponse::Report message;
  message.set_source_name(source_name);
  message.set_rows(report.rows);
  message.set_bytes(report.bytes);
  message.set_importable(report.importable);
  message.set_importable_bytes(report.importable_bytes);
  message.set_imported(report.imported);
  message.set_imported_bytes(report.imported_bytes);
  message.set_imported_before(report.imported_before);
  message.set_verified(report.verified);
  message.set_verified_bytes(report.verified_bytes);
  message.set_removed(report.removed);
  message.set_removed_bytes(report.removed_bytes);
  message.set_deleted_since(report.deleted_since);
  message.set_source_gone(report.source_gone);
  message.set_names_changed(report.names_changed);
  message.set_name_clashes(report.name_clashes);
  message.set_times_unknown(report.times_unknown);
  message.set_problems(report.problems());
  message.set_refused(report.refused);
  message.set_changed_since(report.changed_since);
  message.set_not_imported(report.not_imported);
  message.set_differs(report.differs);
  message.mutable_other_sources()->Assign(report.other_sources.begin(), report.other_sources.end());
  return message;
}

/// What the operator has to put right is no bug of ours: it goes to the operator, who is the
/// caller.
Status ForOperator(const Status& status) {
  if (!status.Is(Reason::kConfigurationInvalid)) return status;
  return Status(Reason::kInvalidField, status.message());
}

class ImportCall final : public AdminCall<ImportTableResponse>, private ImportListener {
 public:
  ImportCall(LegacyImporter& importer, ImportTableRequest request, std::string request_id,
             AdminCalls& calls)
      : AdminCall(calls, std::move(request_id)),
        importer_(importer),
        request_(std::move(request)) {}

 private:
  using Clock = std::chrono::steady_clock;

  Status Run() override {
    SATCHEL_ASSIGN_OR_RETURN(const ImportRequest request, FromMessage(request_));
    const Result<ImportReport> report = importer_.Run(call(), request, *this);
    if (!report.ok()) return ForOperator(report.status());
    SendProgress();
    ImportTableResponse response;
    *response.mutable_report() = ToMessage(request.source_name, *report);
    Send(response);
    return {};
  }

  std::string WhenStopped() const override {
    switch (request_.mode()) {
      case ImportTableRequest::MODE_IMPORT:
        return "the server was stopped: what was imported stays, and running the same command "
               "again "
               "goes on with the rest";
      case ImportTableRequest::MODE_ROLLBACK:
        return "the server was stopped: what was removed stays removed, and running the same "
               "command "
               "again goes on with the rest";
      default:
        return "the server was stopped before every row was read: run the same command again";
    }
  }

  void OnNote(const RowNote& note) override {
    ImportTableResponse response;
    auto* message = response.mutable_note();
    message->set_row_id(note.row_id);
    message->set_verdict(std::string(NameOf(note.verdict)));
    message->set_problem(IsProblem(note.verdict));
    message->set_refused(IsRefusal(note.verdict));
    message->set_teacher(note.teacher);
    message->set_document_id(note.document.value());
    message->set_detail(note.detail);
    Send(response);
  }

  void OnTeacher(const TeacherTotals& teacher) override {
    ImportTableResponse response;
    auto* message = response.mutable_teacher();
    message->set_user_id(teacher.user.value());
    message->set_rows(teacher.rows);
    message->set_bytes(teacher.bytes);
    message->set_used_bytes(teacher.used_bytes);
    message->set_quota_bytes(teacher.quota_bytes);
    message->set_rows_over_quota(teacher.rows_over_quota);
    message->set_bytes_over_quota(teacher.bytes_over_quota);
    Send(response);
  }

  void OnProgress(const ImportProgress& progress) override {
    progress_ = progress;
    const Clock::time_point now = Clock::now();
    if (now - progress_sent_ < kProgressInterval) return;
    progress_sent_ = now;
    SendProgress();
  }

  void SendProgress() {
    ImportTableResponse response;
    auto* message = response.mutable_progress();
    message->set_rows(progress_.rows);
    message->set_bytes(progress_.bytes);
    message->set_rows_total(progress_.rows_total);
    message->set_bytes_total(progress_.bytes_total);
    Send(response);
  }

  LegacyImporter& importer_;
  const ImportTableRequest request_;
  ImportProgress progress_;
  Clock::time_point progress_sent_{};
};

}  // namespace

grpc::ServerWriteReactor<ImportTableResponse>* StartImportCall(LegacyImporter& importer,
                                                               const ImportTableRequest& request,
                                                               std::string request_id,
                                                               AdminCalls& calls,
                                                               boost::asio::thread_pool& threads) {
  return ImportCall::Start(
      std::make_unique<ImportCall>(importer, request, std::move(request_id), calls), threads);
}

}  // namespace satchel
