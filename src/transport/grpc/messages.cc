#include "transport/grpc/messages.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <array>
#include <limits>

#include "ports/object_key.h"

namespace satchel {
namespace {

std::int32_t ToInt32(std::int64_t value) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, 0, kMax));
}

void ToMessage(const Usage& usage, document::UsageStats* message) {
  message->set_user_id(usage.user.value());
  message->set_file_count(usage.file_count);
  message->set_total_bytes(usage.total_bytes);
  if (usage.updated_at) message->set_last_updated(FormatTimestamp(*usage.updated_at));
}

double QuotaPercentage(std::int64_t used, std::int64_t limit) {
  if (limit <= 0) return 100.0;
  return std::min(100.0, 100.0 * static_cast<double>(used) / static_cast<double>(limit));
}

}  // namespace

ListRequest FromMessage(const document::ListDocumentsRequest& message) {
  ListRequest request{.user_id = message.user_id(),
                      .category = std::nullopt,
                      .date_filter = std::nullopt,
                      .page_size = message.page_size(),
                      .page_token = message.page_token()};
  if (message.has_category()) request.category = message.category();
  if (message.has_date_filter()) request.date_filter = message.date_filter();
  return request;
}

UploadMetadata FromMessage(const document::DocumentMetadata& message) {
  return {.user_id = message.user_id(),
          .category = message.category(),
          .filename = message.filename(),
          .mime_type = message.mime_type(),
          .size = message.size()};
}

void ToMessage(const Document& document, document::UploadDocumentResponse* message) {
  message->set_document_id(document.id.value());
  message->set_path(
      DocumentPath(document.user, document.category, document.filename, document.created_at));
  message->set_size(document.size);
  message->set_status(std::string(NameOf(document.state)));
  message->set_message("document stored");
}

void ToMessage(const Document& document, document::DocumentInfo* message) {
  message->set_document_id(document.id.value());
  message->set_filename(document.filename);
  message->set_mime_type(document.mime_type);
  message->set_size(document.size);
  message->set_created_at(FormatTimestamp(document.created_at));
}

void ToMessage(Document document, document::DocumentSummary* message) {
  message->set_document_id(document.id.value());
  message->set_filename(std::move(document.filename));
  message->set_category(std::move(document.category));
  message->set_size(document.size);
  message->set_mime_type(std::move(document.mime_type));
  message->set_created_at(FormatTimestamp(document.created_at));
  message->set_updated_at(FormatTimestamp(document.updated_at));
  message->set_status(std::string(NameOf(document.state)));
}

void ToMessage(const Deletion& deletion, document::DeleteDocumentResponse* message) {
  message->set_success(true);
  message->set_message("document deleted");
  ToMessage(deletion.usage, message->mutable_updated_usage());
}

void ToMessage(ListAnswer answer, document::ListDocumentsResponse* message) {
  message->mutable_documents()->Reserve(static_cast<int>(answer.documents.size()));
  for (Document& document : answer.documents) {
    ToMessage(std::move(document), message->add_documents());
  }
  message->set_next_page_token(std::move(answer.next_page_token));
  message->set_total_count(ToInt32(answer.total_count));
}

void ToMessage(const LinkAnswer& answer, document::GetDocumentUrlResponse* message) {
  message->set_presigned_url(answer.link.url);
  message->set_expires_at(FormatTimestamp(answer.link.expires_at));
  ToMessage(answer.document, message->mutable_document_info());
}

void ToMessage(const Usage& usage, document::GetUsageStatsResponse* message) {
  ToMessage(usage, message->mutable_usage());
  document::QuotaInfo* quota = message->mutable_quota();
  quota->set_quota_limit(usage.quota_bytes);
  quota->set_quota_used(usage.total_bytes);
  quota->set_quota_remaining(std::max<std::int64_t>(0, usage.quota_bytes - usage.total_bytes));
  quota->set_quota_percentage(QuotaPercentage(usage.total_bytes, usage.quota_bytes));
}

grpc::ByteBuffer ChunkMessage(Buffer bytes) {
  using google::protobuf::io::CodedOutputStream;
  constexpr std::uint8_t kLengthDelimited = 2;
  constexpr std::uint8_t kChunkTag =
      document::DownloadDocumentResponse::kChunkFieldNumber << 3 | kLengthDelimited;
  std::array<std::uint8_t, 1 + 10> header{kChunkTag};
  const std::uint8_t* end =
      CodedOutputStream::WriteVarint64ToArray(bytes.size(), header.data() + 1);
  const std::size_t size = bytes.size();
  std::byte* owned = bytes.Release();
  const std::array<grpc::Slice, 2> slices = {
      grpc::Slice(header.data(), static_cast<std::size_t>(end - header.data())),
      grpc::Slice(
          owned, size,
          [](void* block) { std::unique_ptr<std::byte[]>(static_cast<std::byte*>(block)).reset(); },
          owned)};
  return grpc::ByteBuffer(slices.data(), slices.size());
}

grpc::ByteBuffer Serialized(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) {
  // The reader wants a buffer that it may consume; a copy only adds a reference.
  grpc::ByteBuffer copy(bytes);
  grpc::ProtoBufferReader reader(&copy);
  return reader.status().ok() && message->ParseFromZeroCopyStream(&reader);
}

}  // namespace satchel
