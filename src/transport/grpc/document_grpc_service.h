/// document.DocumentService over gRPC: translation only.
#pragma once

#include "document/document_service.grpc.pb.h"
#include "transport/grpc/grpc_call.h"

namespace satchel {

using DocumentCallbackService = document::DocumentService::WithRawCallbackMethod_UploadDocument<
    document::DocumentService::WithRawCallbackMethod_DownloadDocument<
        document::DocumentService::WithCallbackMethod_DeleteDocument<
            document::DocumentService::WithCallbackMethod_ListDocuments<
                document::DocumentService::WithCallbackMethod_GetDocumentUrl<
                    document::DocumentService::WithCallbackMethod_GetUsageStats<
                        document::DocumentService::Service>>>>>>;

/// Thread-safe. Must outlive the server it is registered with.
class DocumentGrpcService final : public DocumentCallbackService {
 public:
  explicit DocumentGrpcService(GrpcCallEnvironment environment) : environment_(environment) {}

  grpc::ServerReadReactor<grpc::ByteBuffer>* UploadDocument(grpc::CallbackServerContext* context,
                                                            grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* DownloadDocument(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* DeleteDocument(grpc::CallbackServerContext* context,
                                           const document::DeleteDocumentRequest* request,
                                           document::DeleteDocumentResponse* response) override;
  grpc::ServerUnaryReactor* ListDocuments(grpc::CallbackServerContext* context,
                                          const document::ListDocumentsRequest* request,
                                          document::ListDocumentsResponse* response) override;
  grpc::ServerUnaryReactor* GetDocumentUrl(grpc::CallbackServerContext* context,
                                           const document::GetDocumentUrlRequest* request,
                                           document::GetDocumentUrlResponse* response) override;
  grpc::ServerUnaryReactor* GetUsageStats(grpc::CallbackServerContext* context,
                                          const document::GetUsageStatsRequest* request,
                                          document::GetUsageStatsResponse* response) override;

 private:
  const GrpcCallEnvironment environment_;
};

}  // namespace satchel
