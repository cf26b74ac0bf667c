// A plain client of the contract, as the load generator needs it: one connection of its own, and
// every failure an exception, since a figure with failed calls in it is no figure.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/strong_string.h"
#include "bench/document_text.h"
#include "document/document_service.grpc.pb.h"

namespace satchel::bench {

/// An upload that has sent its metadata and first chunk and then nothing more.
class StalledUpload {
 public:
  /// Blocks until the first chunk has been handed to the transport.
  /// Throws std::runtime_error when the stream broke.
  StalledUpload(document::DocumentService::Stub& stub, const document::DocumentMetadata& metadata);
  /// Cancels the call.
  ~StalledUpload();
  StalledUpload(const StalledUpload&) = delete;
  StalledUpload& operator=(const StalledUpload&) = delete;

 private:
  grpc::ClientContext context_;
  document::UploadDocumentResponse response_;
  std::unique_ptr<grpc::ClientWriter<document::UploadDocumentRequest>> writer_;
};

/// Not for several threads at once. Every method blocks, and throws std::runtime_error with
/// operation, code and message when the call did not end OK.
class DocumentClient {
 public:
  /// `target` is host:port, spoken to without TLS.
  explicit DocumentClient(const std::string& target);

  /// Uploads `size` bytes of text as `filename`; returns the document's id.
  std::string Upload(const std::string& user, const std::string& filename, std::size_t size);

  enum class Check : std::uint8_t { kContent, kLength };

  /// Reads the whole document, made by Upload(); also throws when its size, or with kContent its
  /// SHA-256, is another.
  void Download(const std::string& user, const std::string& document_id, std::size_t size,
                Check check = Check::kContent);

  document::GetUsageStatsResponse Usage(const std::string& user);

  document::ListDocumentsResponse List(const std::string& user, const std::string& page_token);

  /// Returns the link to a document.
  std::string Url(const std::string& user, const std::string& document_id);

  std::unique_ptr<StalledUpload> StartStalledUpload(const std::string& user,
                                                    const std::string& filename);

 private:
  const ContentHash& HashOf(std::size_t size);

  std::unique_ptr<document::DocumentService::Stub> stub_;
  /// Reused, so that the client spends its time in gRPC and not in filling buffers.
  document::UploadDocumentRequest chunk_;
  /// SHA-256 of a document by its size.
  std::map<std::size_t, ContentHash> hashes_;
};

}  // namespace satchel::bench
