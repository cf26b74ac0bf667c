#include "cli/url.h"

#include <document/document_service.grpc.pb.h>

#include "cli/connection.h"
#include "cli/error_printer.h"
#include "cli/message_json.h"
#include "cli/text_format.h"

namespace satchel::cli {

int RunUrl(const UrlOptions& options, CliEnvironment& environment) {
  document::GetDocumentUrlRequest request;
  request.set_document_id(options.document_id);
  if (options.minutes) request.set_expiry_minutes(*options.minutes);
  ServerAddress address;
  MaybeError error = ResolveUser(environment.connection, request.mutable_user_id());
  if (!error) error = CheckUtf8("the document id", request.document_id());
  if (!error) error = ResolveServer(environment.connection, &address);
  if (error) return ReportError(*error, environment);

  const auto stub = document::DocumentService::NewStub(Connect(address));
  grpc::ClientContext context;
  SetDeadline(environment.connection, &context);
  document::GetDocumentUrlResponse response;
  const grpc::Status status = stub->GetDocumentUrl(&context, request, &response);
  if (!status.ok()) return ReportError(ErrorFromCall(status, address), environment);
  environment.out << (environment.json ? MessageJson(response)
                                       : EscapeControls(response.presigned_url()))
                  << '\n';
  return kExitOk;
}

}  // namespace satchel::cli
