#include "cli/remove.h"

#include <document/document_service.grpc.pb.h>

#include "cli/connection.h"
#include "cli/error_printer.h"
#include "cli/message_json.h"

namespace satchel::cli {
namespace {

MaybeError RemoveOne(document::DocumentService::Stub& stub, const ServerAddress& server,
                     const document::DeleteDocumentRequest& request, CliEnvironment& environment) {
  if (auto error = CheckUtf8("the document id", request.document_id())) return error;
  grpc::ClientContext context;
  SetDeadline(environment.connection, &context);
  document::DeleteDocumentResponse response;
  const grpc::Status status = stub.DeleteDocument(&context, request, &response);
  if (!status.ok()) return ErrorFromCall(status, server);
  if (environment.json) environment.out << MessageJson(response) << '\n';
  return std::nullopt;
}

}  // namespace

int RunRemove(const RemoveOptions& options, CliEnvironment& environment) {
  document::DeleteDocumentRequest request;
  ServerAddress address;
  MaybeError error = ResolveUser(environment.connection, request.mutable_user_id());
  if (!error) error = ResolveServer(environment.connection, &address);
  if (error) return ReportError(*error, environment);

  const auto stub = document::DocumentService::NewStub(Connect(address));
  int exit_code = kExitOk;
  for (const std::string& document_id : options.document_ids) {
    request.set_document_id(document_id);
    error = RemoveOne(*stub, address, request, environment);
    if (!error) continue;
    exit_code = WorseExitCode(exit_code, ReportError(*error, environment));
    if (error->exit_code == kExitUnreachable) break;
  }
  return exit_code;
}

}  // namespace satchel::cli
