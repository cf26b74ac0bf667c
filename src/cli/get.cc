#include "cli/get.h"

#include <document/document_service.grpc.pb.h>

#include <algorithm>
#include <memory>

#include "cli/connection.h"
#include "cli/download_target.h"
#include "cli/error_printer.h"
#include "cli/message_json.h"
#include "cli/operation_queue.h"
#include "cli/progress_bar.h"
#include "cli/text_format.h"

namespace satchel::cli {
namespace {

constexpr int kFailuresMax = 5;
constexpr std::chrono::milliseconds kFirstDelay{500};
constexpr std::chrono::milliseconds kDelayMax{30'000};

// One document on its way, over as many calls as it takes.
class Download {
 public:
  Download(const ServerAddress& address, document::DownloadDocumentRequest request,
           DownloadTarget& target, CliEnvironment& environment)
      : address_(address),
        request_(std::move(request)),
        target_(target),
        environment_(environment),
        bar_(environment) {}

  MaybeError Run() {
    for (int failures = 1;; ++failures) {
      const std::int64_t received_before = received_;
      MaybeError error = Call();
      bar_.End();
      if (!error) break;
      if (received_ > received_before) failures = 1;
      // What was refused from the start is not a broken transfer.
      const auto delay = info_ && !fatal_ ? ResumeDelay(*error, failures) : std::nullopt;
      if (!delay) return error;
      TellResumption(*error);
      environment_.pause(*delay);
    }
    return target_.Commit();
  }

  const document::DocumentInfo& info() const { return *info_; }

 private:
  // Takes what one call delivers from offset received_ on.
  MaybeError Call() {
    document::DownloadDocumentResponse current;
    document::DownloadDocumentResponse next;
    const auto stub = document::DocumentService::NewStub(Connect(address_));
    grpc::ClientContext context;
    OperationQueue operations(context,
                              std::chrono::seconds(environment_.connection.timeout_seconds));
    request_.set_offset(received_);
    const auto reader = stub->PrepareAsyncDownloadDocument(&context, request_, operations.queue());
    reader->StartCall(operations.tag());
    bool open = operations.Await();
    MaybeError error;
    if (open) {
      reader->Read(&current, operations.tag());
      open = operations.Await();
    }
    while (open) {
      // The next message travels while this one is written.
      reader->Read(&next, operations.tag());
      error = Take(current);
      if (error) operations.Cancel();
      open = operations.Await();
      std::swap(current, next);
    }
    grpc::Status status;
    reader->Finish(&status, operations.tag());
    operations.Await();
    fatal_ = error.has_value();
    if (fatal_) return error;
    status = operations.Explain(status);
    if (!status.ok()) return ErrorFromCall(status, address_);
    return CheckComplete();
  }

  MaybeError Take(const document::DownloadDocumentResponse& message) {
    if (message.has_info()) return TakeInfo(message.info());
    if (!info_) return LocalError("the server sent bytes before it said of what");
    received_ += static_cast<std::int64_t>(message.chunk().size());
    if (received_ > info_->size())
      return LocalError("the server sent more bytes than it announced");
    if (auto error = target_.Write(message.chunk())) return error;
    bar_.Update(received_);
    return std::nullopt;
  }

  MaybeError TakeInfo(const document::DocumentInfo& info) {
    if (info_) {
      if (info.size() == info_->size() && info.created_at() == info_->created_at()) {
        return std::nullopt;
      }
      return LocalError("the document is no longer the one whose transfer broke");
    }
    info_ = info;
    if (auto error = target_.Begin(info)) return error;
    bar_.Start(info.filename(), info.size());
    bar_.Update(0);
    return std::nullopt;
  }

  MaybeError CheckComplete() {
    fatal_ = true;
    if (!info_) return LocalError("the server sent nothing");
    if (received_ == info_->size()) return std::nullopt;
    return LocalError("the server ended after " + std::to_string(received_) + " of " +
                      std::to_string(info_->size()) + " bytes");
  }

  void TellResumption(const CommandError& error) {
    if (!environment_.err_is_terminal || environment_.json) return;
    environment_.err << "broken after " << FormatBytes(received_) << " ("
                     << EscapeControls(error.message) << "), going on\n";
    environment_.err.flush();
  }

  const ServerAddress& address_;
  document::DownloadDocumentRequest request_;
  DownloadTarget& target_;
  CliEnvironment& environment_;
  ProgressBar bar_;
  std::optional<document::DocumentInfo> info_;
  std::int64_t received_ = 0;
  bool fatal_ = false;  // the last error is this side's, or the server's word on a whole transfer
};

MaybeError Fetch(Download& download, DownloadTarget& target) {
  if (auto error = target.Prepare()) return error;
  return download.Run();
}

}  // namespace

std::optional<std::chrono::milliseconds> ResumeDelay(const CommandError& error, int failures) {
  if (error.code != "UNAVAILABLE" && error.code != "DEADLINE_EXCEEDED") return std::nullopt;
  if (failures > kFailuresMax) return std::nullopt;
  const auto backoff = kFirstDelay * (1 << (std::max(failures, 1) - 1));
  const auto delay = std::max(backoff, error.retry_after.value_or(std::chrono::milliseconds(0)));
  if (delay > kDelayMax) return std::nullopt;
  return delay;
}

int RunGet(const GetOptions& options, CliEnvironment& environment) {
  const bool to_standard_output = options.output == "-";
  if (to_standard_output && environment.json) {
    return ReportError(UsageError("--json and -o - both want standard output"), environment);
  }
  document::DownloadDocumentRequest request;
  request.set_document_id(options.document_id);
  ServerAddress address;
  MaybeError error = ResolveUser(environment.connection, request.mutable_user_id());
  if (!error) error = CheckUtf8("the document id", request.document_id());
  if (!error) error = ResolveServer(environment.connection, &address);
  if (error) return ReportError(*error, environment);

  DescriptorTarget standard_output(environment.out_descriptor);
  FileTarget file(options.output, options.force);
  DownloadTarget& target =
      to_standard_output ? static_cast<DownloadTarget&>(standard_output) : file;
  Download download(address, std::move(request), target, environment);
  if (auto failure = Fetch(download, target)) return ReportError(*failure, environment);
  if (environment.json) {
    environment.out << MessageJson(download.info()) << '\n';
  } else if (!to_standard_output) {
    environment.out << file.path() << '\n';
  }
  return kExitOk;
}

}  // namespace satchel::cli
