#include "bench/document_client.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>

#include "base/sha256.h"

namespace satchel::bench {
namespace {

constexpr int kPageSize = 100;
// The largest document that a server takes unless configured otherwise.
constexpr std::int64_t kStalledUploadBytes = std::int64_t{50} * 1024 * 1024;

void Require(const grpc::Status& status, const char* operation) {
  if (!status.ok()) {
    throw std::runtime_error(std::string(operation) + ": code " +
                             std::to_string(status.error_code()) + ": " + status.error_message());
  }
}

document::DocumentMetadata Metadata(const std::string& user, const std::string& filename,
                                    std::int64_t size) {
  document::DocumentMetadata metadata;
  metadata.set_user_id(user);
  metadata.set_category("bench");
  metadata.set_filename(filename);
  metadata.set_mime_type("text/plain");
  metadata.set_size(size);
  return metadata;
}

std::shared_ptr<grpc::Channel> OwnConnection(const std::string& target) {
  grpc::ChannelArguments arguments;
  // Else all channels of a process to one server share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

StalledUpload::StalledUpload(document::DocumentService::Stub& stub,
                             const document::DocumentMetadata& metadata)
    : writer_(stub.UploadDocument(&context_, &response_)) {
  document::UploadDocumentRequest request;
  *request.mutable_metadata() = metadata;
  bool sent = writer_->Write(request);
  request.set_chunk(Text(kChunkBytes));
  sent = sent && writer_->Write(request);
  if (!sent) {
    Require(writer_->Finish(), "stalled upload");
    throw std::runtime_error("stalled upload: ended OK before its last byte");
  }
}

StalledUpload::~StalledUpload() {
  context_.TryCancel();
  // What the cancelled call ended with is of no interest, but it must have ended.
  static_cast<void>(writer_->Finish());
}

DocumentClient::DocumentClient(const std::string& target)
    : stub_(document::DocumentService::NewStub(OwnConnection(target))) {
  chunk_.set_chunk(Text(kChunkBytes));
}

std::string DocumentClient::Upload(const std::string& user, const std::string& filename,
                                   std::size_t size) {
  grpc::ClientContext context;
  document::UploadDocumentResponse response;
  const auto writer = stub_->UploadDocument(&context, &response);
  document::UploadDocumentRequest request;
  *request.mutable_metadata() = Metadata(user, filename, static_cast<std::int64_t>(size));
  bool sent = writer->Write(request);
  std::size_t remaining = size;
  for (; sent && remaining >= kChunkBytes; remaining -= kChunkBytes) {
    sent = writer->Write(chunk_);
  }
  if (sent && remaining > 0) {
    request.set_chunk(chunk_.chunk().substr(0, remaining));
    writer->Write(request);
  }
  // A failed write means that the server has ended the call; Finish() knows why.
  writer->WritesDone();
  Require(writer->Finish(), "UploadDocument");
  return response.document_id();
}

void DocumentClient::Download(const std::string& user, const std::string& document_id,
                              std::size_t size, Check check) {
  grpc::ClientContext context;
  document::DownloadDocumentRequest request;
  request.set_user_id(user);
  request.set_document_id(document_id);
  const auto reader = stub_->DownloadDocument(&context, request);
  std::size_t received = 0;
  Sha256 hash;
  document::DownloadDocumentResponse response;
  while (reader->Read(&response)) {
    received += response.chunk().size();
    if (check == Check::kContent) hash.Update(std::as_bytes(std::span(response.chunk())));
  }
  Require(reader->Finish(), "DownloadDocument");
  if (received != size) {
    throw std::runtime_error("DownloadDocument: ended OK with " + std::to_string(received) +
                             " bytes of " + std::to_string(size));
  }
  if (check == Check::kContent && hash.Finish() != HashOf(size)) {
    throw std::runtime_error("DownloadDocument: ended OK with other bytes than were uploaded");
  }
}

const ContentHash& DocumentClient::HashOf(std::size_t size) {
  const auto [place, made] = hashes_.try_emplace(size);
  if (made) {
    const auto chunk = std::as_bytes(std::span(chunk_.chunk()));
    Sha256 hash;
    for (std::size_t left = size; left > 0; left -= std::min(left, chunk.size())) {
      hash.Update(chunk.first(std::min(left, chunk.size())));
    }
    place->second = hash.Finish();
  }
  return place->second;
}

document::GetUsageStatsResponse DocumentClient::Usage(const std::string& user) {
  grpc::ClientContext context;
  document::GetUsageStatsRequest request;
  request.set_user_id(user);
  document::GetUsageStatsResponse response;
  Require(stub_->GetUsageStats(&context, request, &response), "GetUsageStats");
  return response;
}

document::ListDocumentsResponse DocumentClient::List(const std::string& user,
                                                     const std::string& page_token) {
  grpc::ClientContext context;
  document::ListDocumentsRequest request;
  request.set_user_id(user);
  request.set_page_size(kPageSize);
  request.set_page_token(page_token);
  document::ListDocumentsResponse response;
  Require(stub_->ListDocuments(&context, request, &response), "ListDocuments");
  return response;
}

std::string DocumentClient::Url(const std::string& user, const std::string& document_id) {
  grpc::ClientContext context;
  document::GetDocumentUrlRequest request;
  request.set_user_id(user);
  request.set_document_id(document_id);
  document::GetDocumentUrlResponse response;
  Require(stub_->GetDocumentUrl(&context, request, &response), "GetDocumentUrl");
  return response.presigned_url();
}

std::unique_ptr<StalledUpload> DocumentClient::StartStalledUpload(const std::string& user,
                                                                  const std::string& filename) {
  return std::make_unique<StalledUpload>(*stub_, Metadata(user, filename, kStalledUploadBytes));
}

}  // namespace satchel::bench
