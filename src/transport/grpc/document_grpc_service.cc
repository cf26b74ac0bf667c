#include "transport/grpc/document_grpc_service.h"

#include "transport/grpc/download_call.h"
#include "transport/grpc/messages.h"
#include "transport/grpc/unary_call.h"
#include "transport/grpc/upload_call.h"

namespace satchel {

grpc::ServerReadReactor<grpc::ByteBuffer>* DocumentGrpcService::UploadDocument(
    grpc::CallbackServerContext* context, grpc::ByteBuffer* response) {
  const auto call = std::make_shared<UploadCall>(environment_, *context, *response);
  call->Start();
  return call.get();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* DocumentGrpcService::DownloadDocument(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  const auto call = std::make_shared<DownloadCall>(environment_, *context, *request);
  call->Start();
  return call.get();
}

grpc::ServerUnaryReactor* DocumentGrpcService::DeleteDocument(
    grpc::CallbackServerContext* context, const document::DeleteDocumentRequest* request,
    document::DeleteDocumentResponse* response) {
  return UnaryCall::Start(
      Operation::kDelete, UnaryCall::Access::kWrites, environment_, *context,
      [this, request, response](const CallContext& call, CallRecord& record) -> Status {
        record.user_id = request->user_id();
        record.document_id = request->document_id();
        SATCHEL_ASSIGN_OR_RETURN(
            const Deletion deletion,
            environment_.service.Delete(call, {request->user_id(), request->document_id()}));
        record.filename = deletion.document.filename;
        record.size = deletion.document.size;
        ToMessage(deletion, response);
        return {};
      });
}

grpc::ServerUnaryReactor* DocumentGrpcService::ListDocuments(
    grpc::CallbackServerContext* context, const document::ListDocumentsRequest* request,
    document::ListDocumentsResponse* response) {
  return UnaryCall::Start(
      Operation::kList, UnaryCall::Access::kReadsRows, environment_, *context,
      [this, request, response](const CallContext& call, CallRecord& record) -> Status {
        record.user_id = request->user_id();
        SATCHEL_ASSIGN_OR_RETURN(ListAnswer answer,
                                 environment_.service.List(call, FromMessage(*request)));
        ToMessage(std::move(answer), response);
        return {};
      });
}

grpc::ServerUnaryReactor* DocumentGrpcService::GetDocumentUrl(
    grpc::CallbackServerContext* context, const document::GetDocumentUrlRequest* request,
    document::GetDocumentUrlResponse* response) {
  return UnaryCall::Start(
      Operation::kUrl, UnaryCall::Access::kReadsRows, environment_, *context,
      [this, request, response](const CallContext& call, CallRecord& record) -> Status {
        record.user_id = request->user_id();
        record.document_id = request->document_id();
        std::optional<std::int32_t> minutes;
        if (request->has_expiry_minutes()) minutes = request->expiry_minutes();
        SATCHEL_ASSIGN_OR_RETURN(const LinkAnswer answer,
                                 environment_.service.GetUrl(
                                     call, {request->user_id(), request->document_id()}, minutes));
        record.filename = answer.document.filename;
        record.size = answer.document.size;
        ToMessage(answer, response);
        return {};
      });
}

grpc::ServerUnaryReactor* DocumentGrpcService::GetUsageStats(
    grpc::CallbackServerContext* context, const document::GetUsageStatsRequest* request,
    document::GetUsageStatsResponse* response) {
  return UnaryCall::Start(
      Operation::kUsage, UnaryCall::Access::kReadsRows, environment_, *context,
      [this, request, response](const CallContext& call, CallRecord& record) -> Status {
        record.user_id = request->user_id();
        SATCHEL_ASSIGN_OR_RETURN(const Usage usage,
                                 environment_.service.GetUsage(call, request->user_id()));
        record.size = usage.total_bytes;
        ToMessage(usage, response);
        return {};
      });
}

}  // namespace satchel
