/// Translation between the API's messages and the core's values. Pure.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "base/buffer.h"
#include "base/status.h"
#include "core/document_service.h"
#include "document/document_service.pb.h"

namespace satchel {

ListRequest FromMessage(const document::ListDocumentsRequest& message);
UploadMetadata FromMessage(const document::DocumentMetadata& message);

void ToMessage(const Document& document, document::UploadDocumentResponse* message);
void ToMessage(const Document& document, document::DocumentInfo* message);
void ToMessage(Document document, document::DocumentSummary* message);
void ToMessage(const Deletion& deletion, document::DeleteDocumentResponse* message);
void ToMessage(ListAnswer answer, document::ListDocumentsResponse* message);
void ToMessage(const LinkAnswer& answer, document::GetDocumentUrlResponse* message);
void ToMessage(const Usage& usage, document::GetUsageStatsResponse* message);

/// DownloadDocumentResponse{chunk} on the wire, around `bytes` themselves: nothing is copied.
grpc::ByteBuffer ChunkMessage(Buffer bytes);
/// `message` on the wire.
grpc::ByteBuffer Serialized(const google::protobuf::Message& message);
/// False when the bytes are no such message.
bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* message);

}  // namespace satchel
