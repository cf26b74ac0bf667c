#include "cli/list.h"

#include <document/document_service.grpc.pb.h>

#include <memory>

#include "base/limits.h"
#include "cli/connection.h"
#include "cli/error_printer.h"
#include "cli/message_json.h"
#include "cli/table.h"
#include "cli/text_format.h"

namespace satchel::cli {
namespace {

// "2026-11-23T22:57:00.123Z" without what nobody reads: "2026-11-23 22:57".
std::string ShortTime(const std::string& time) {
  constexpr std::size_t kMinutesEnd = 16;
  if (time.size() < kMinutesEnd) return EscapeControls(time);
  std::string text = time.substr(0, kMinutesEnd);
  text[10] = ' ';
  return EscapeControls(text);
}

std::string TabbedLine(const document::DocumentSummary& document) {
  return EscapeControls(document.document_id()) + '\t' + std::to_string(document.size()) + '\t' +
         EscapeControls(document.created_at()) + '\t' + EscapeControls(document.category()) + '\t' +
         EscapeControls(document.filename()) + '\n';
}

// Prints pages in the form that the output asks for.
class PagePrinter {
 public:
  explicit PagePrinter(CliEnvironment& environment)
      : environment_(environment),
        table_({{"ID"}, {"SIZE", true}, {"CREATED (UTC)"}, {"CATEGORY"}, {"NAME"}}) {}

  void Print(const document::ListDocumentsResponse& page) {
    for (const document::DocumentSummary& document : page.documents()) {
      if (environment_.json) {
        environment_.out << MessageJson(document) << '\n';
      } else if (environment_.out_is_terminal) {
        table_.AddRow({EscapeControls(document.document_id()), FormatBytes(document.size()),
                       ShortTime(document.created_at()), EscapeControls(document.category()),
                       EscapeControls(document.filename())});
      } else {
        environment_.out << TabbedLine(document);
      }
    }
    if (environment_.out_is_terminal && !environment_.json) environment_.out << table_.TakeText();
  }

 private:
  CliEnvironment& environment_;
  Table table_;
};

}  // namespace

int RunList(const ListOptions& options, CliEnvironment& environment) {
  document::ListDocumentsRequest request;
  ServerAddress address;
  MaybeError error = ResolveUser(environment.connection, request.mutable_user_id());
  if (!error) error = CheckUtf8("--category", options.category);
  if (!error) error = CheckUtf8("--date", options.date);
  if (!error) error = ResolveServer(environment.connection, &address);
  if (error) return ReportError(*error, environment);
  if (!options.category.empty()) request.set_category(options.category);
  if (!options.date.empty()) request.set_date_filter(options.date);
  request.set_page_size(kPageSizeMax);

  const auto stub = document::DocumentService::NewStub(Connect(address));
  PagePrinter printer(environment);
  do {
    grpc::ClientContext context;
    SetDeadline(environment.connection, &context);
    document::ListDocumentsResponse page;
    const grpc::Status status = stub->ListDocuments(&context, request, &page);
    if (!status.ok()) return ReportError(ErrorFromCall(status, address), environment);
    printer.Print(page);
    // Nobody reads on: asking for more pages would be for nothing.
    if (!environment.out) break;
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return kExitOk;
}

}  // namespace satchel::cli
