#include "bench/passed_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <stdexcept>

#include "bench/document_text.h"

namespace satchel::bench {
namespace {

void Require(const grpc::Status& status, const char* operation) {
  if (!status.ok()) {
    throw std::runtime_error(std::string(operation) + ": code " +
                             std::to_string(status.error_code()) + ": " + status.error_message());
  }
}

std::shared_ptr<grpc::Channel> OwnConnection(const std::string& target) {
  grpc::ChannelArguments arguments;
  // Else all channels of a process to one server share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

PassedClient::PassedClient(const std::string& target)
    : stub_(::bench::PassedService::NewStub(OwnConnection(target))) {
  chunk_.set_chunk(Text(kChunkBytes));
}

void PassedClient::Ask() {
  grpc::ClientContext context;
  document::GetUsageStatsRequest request;
  request.set_user_id("bench");
  document::GetUsageStatsResponse response;
  Require(stub_->GetUsageStats(&context, request, &response), "GetUsageStats");
  if (response.usage().user_id() != "bench") throw std::runtime_error("GetUsageStats: not ours");
}

void PassedClient::Upload(std::size_t size) {
  grpc::ClientContext context;
  document::UploadDocumentResponse response;
  const auto writer = stub_->UploadDocument(&context, &response);
  bool sent = true;
  for (std::size_t done = 0; sent && done < size; done += kChunkBytes) {
    if (size - done < kChunkBytes) chunk_.set_chunk(Text(size - done));
    sent = writer->Write(chunk_);
  }
  writer->WritesDone();
  Require(writer->Finish(), "UploadDocument");
  if (response.document_id() != std::to_string(size)) {
    throw std::runtime_error("UploadDocument: " + response.document_id() + " bytes arrived");
  }
}

void PassedClient::Download(std::size_t size) {
  grpc::ClientContext context;
  document::DownloadDocumentRequest request;
  request.set_document_id(std::to_string(size));
  const auto reader = stub_->DownloadDocument(&context, request);
  document::DownloadDocumentResponse response;
  std::size_t received = 0;
  while (reader->Read(&response)) received += response.chunk().size();
  Require(reader->Finish(), "DownloadDocument");
  if (received != size) {
    throw std::runtime_error("DownloadDocument: " + std::to_string(received) + " bytes arrived");
  }
}

}  // namespace satchel::bench
