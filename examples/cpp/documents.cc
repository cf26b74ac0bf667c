// A client of Satchel: upload with progress, list all pages, download with a checksum.
//
//   documents [--server HOST:PORT] [--user USER] upload FILE | list | download ID FILE
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/grpcpp.h>
#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "document/document_service.grpc.pb.h"

namespace {

using namespace std::chrono_literals;
using document::DocumentService;
using Milliseconds = std::chrono::milliseconds;

constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr int kTriesMax = 5;
constexpr auto kCallTime = 10min;
constexpr int kExitQuota = 3;

/// An error of the server as its details tell it; `reason` is empty when nobody answered.
struct Problem : std::runtime_error {
  explicit Problem(const grpc::Status& status)
      : std::runtime_error(status.error_message()), code(status.error_code()) {
    google::rpc::Status rich;
    if (!rich.ParseFromString(status.error_details())) return;
    for (const google::protobuf::Any& detail : rich.details()) {
      google::rpc::ErrorInfo info;
      google::rpc::RetryInfo retry;
      google::rpc::ResourceInfo resource;
      if (detail.UnpackTo(&info)) {
        reason = info.reason();
        metadata = {info.metadata().begin(), info.metadata().end()};
      } else if (detail.UnpackTo(&retry)) {
        retry_after = Milliseconds(retry.retry_delay().seconds() * 1000 +
                                   retry.retry_delay().nanos() / 1'000'000);
      } else if (detail.UnpackTo(&resource)) {
        holder = resource.resource_name();
      }
    }
  }

  std::string Name() const {
    return reason.empty() ? "code " + std::to_string(static_cast<int>(code)) : reason;
  }

  /// How long to wait before another try; nothing when another try would not help.
  std::optional<Milliseconds> Delay(int failures) const {
    if (retry_after) return retry_after;
    if (code == grpc::StatusCode::UNAVAILABLE && reason.empty()) {
      return std::min<Milliseconds>(100ms * (1 << failures), 5s);
    }
    return std::nullopt;
  }

  grpc::StatusCode code;
  std::string reason;
  std::string holder;
  std::map<std::string, std::string> metadata;
  std::optional<Milliseconds> retry_after;
};

/// Calls until it is OK, again while the server says, by RetryInfo, that it may help.
void WithRetries(const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  for (int failures = 1;; ++failures) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallTime);
    const grpc::Status status = call(context);
    if (status.ok()) return;
    const Problem problem(status);
    const std::optional<Milliseconds> delay = problem.Delay(failures);
    if (!delay || failures == kTriesMax) throw problem;
    std::fprintf(stderr, "%s: again in %.1f s\n", problem.Name().c_str(), delay->count() / 1e3);
    std::this_thread::sleep_for(*delay);
  }
}

void ShowProgress(std::int64_t done, std::int64_t total) {
  std::fprintf(stderr, "\r%3d %%%s", static_cast<int>(100 * done / total),
               done == total ? "\n" : "");
}

std::string MimeType(const std::filesystem::path& path) {
  static const std::map<std::string, std::string> types = {
      {".pdf", "application/pdf"},
      {".txt", "text/plain"},
      {".doc", "application/msword"},
      {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
      {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}};
  const auto found = types.find(path.extension().string());
  return found == types.end() ? "application/octet-stream" : found->second;
}

class Sha256 {
 public:
  Sha256() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void Update(const std::string& data) {
    EVP_DigestUpdate(context_.get(), data.data(), data.size());
  }
  std::string Hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &size);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
      char text[3];
      std::snprintf(text, sizeof(text), "%02x", digest[i]);
      hex += text;
    }
    return hex;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(),
                                                                   &EVP_MD_CTX_free};
};

/// The documents of one user.
class Documents {
 public:
  Documents(const std::string& server, std::string user)
      : stub_(DocumentService::NewStub(
            grpc::CreateChannel(server, grpc::InsecureChannelCredentials()))),
        user_(std::move(user)) {}

  /// Stores a file; returns the document's id.
  std::string Upload(const std::filesystem::path& path, const std::string& category) {
    document::UploadDocumentResponse response;
    int tries = 0;
    try {
      WithRetries([&](grpc::ClientContext& context) {
        ++tries;
        return UploadOnce(context, path, category, &response);
      });
    } catch (const Problem& problem) {
      // The answer to an earlier try was lost, but the try had succeeded.
      const auto status = problem.metadata.find("status");
      const bool stored = status != problem.metadata.end() && status->second == "COMPLETED";
      if (tries == 1 || problem.reason != "DOCUMENT_ALREADY_EXISTS" || !stored) throw;
      return problem.holder;
    }
    return response.document_id();
  }

  /// Every document, newest first, however many pages that takes.
  void List(const std::function<void(const document::DocumentSummary&)>& visit) {
    document::ListDocumentsRequest request;
    request.set_user_id(user_);
    request.set_page_size(100);
    do {
      document::ListDocumentsResponse page;
      WithRetries([&](grpc::ClientContext& context) {
        return stub_->ListDocuments(&context, request, &page);
      });
      for (const document::DocumentSummary& summary : page.documents()) visit(summary);
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
  }

  /// Writes a document to `path`, which appears only when it is whole; returns its SHA-256.
  std::string Download(const std::string& id, const std::filesystem::path& path) {
    const std::filesystem::path partial = path.string() + ".partial";
    std::ofstream file(partial, std::ios::binary);
    file.exceptions(std::ios::failbit | std::ios::badbit);
    Sha256 digest;
    std::int64_t done = 0;
    try {
      WithRetries([&](grpc::ClientContext& context) {
        // A broken download goes on where it broke.
        return DownloadFrom(context, id, &done, [&](const std::string& chunk) {
          file << chunk;
          digest.Update(chunk);
        });
      });
      file.close();
      std::filesystem::rename(partial, path);
    } catch (...) {
      std::filesystem::remove(partial);
      throw;
    }
    return digest.Hex();
  }

 private:
  grpc::Status UploadOnce(grpc::ClientContext& context, const std::filesystem::path& path,
                          const std::string& category, document::UploadDocumentResponse* response) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path));
    const auto writer = stub_->UploadDocument(&context, response);
    document::UploadDocumentRequest message;
    document::DocumentMetadata& metadata = *message.mutable_metadata();
    metadata.set_user_id(user_);
    metadata.set_category(category);
    metadata.set_filename(path.filename().string());
    metadata.set_mime_type(MimeType(path));
    metadata.set_size(size);
    // Write() is false once the server has refused; Finish() then says why.
    bool taken = writer->Write(message);
    std::vector<char> buffer(kChunkBytes);
    for (std::int64_t done = 0; taken && done < size;) {
      file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      if (file.gcount() == 0) throw std::runtime_error(path.string() + " became shorter");
      message.set_chunk(buffer.data(), static_cast<std::size_t>(file.gcount()));
      taken = writer->Write(message);
      done += file.gcount();
      ShowProgress(std::min(done, size), size);
    }
    writer->WritesDone();
    return writer->Finish();
  }

  grpc::Status DownloadFrom(grpc::ClientContext& context, const std::string& id, std::int64_t* done,
                            const std::function<void(const std::string&)>& take) {
    document::DownloadDocumentRequest request;
    request.set_user_id(user_);
    request.set_document_id(id);
    request.set_offset(*done);
    const auto reader = stub_->DownloadDocument(&context, request);
    std::int64_t total = 0;
    for (document::DownloadDocumentResponse message; reader->Read(&message);) {
      if (message.has_info()) {
        total = message.info().size();
        continue;
      }
      take(message.chunk());
      *done += static_cast<std::int64_t>(message.chunk().size());
      ShowProgress(*done, total);
    }
    return reader->Finish();
  }

  std::unique_ptr<DocumentService::Stub> stub_;
  std::string user_;
};

void Run(std::vector<std::string> arguments) {
  std::map<std::string, std::string> options = {
      {"--server", "localhost:50051"}, {"--user", "ada"}, {"--category", "general"}};
  while (arguments.size() > 1 && options.contains(arguments[0])) {
    options[arguments[0]] = arguments[1];
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  Documents documents(options["--server"], options["--user"]);
  const std::string command = arguments.empty() ? "" : arguments[0];
  if (command == "upload" && arguments.size() == 2) {
    std::printf("%s\n", documents.Upload(arguments[1], options["--category"]).c_str());
  } else if (command == "list" && arguments.size() == 1) {
    documents.List([](const document::DocumentSummary& summary) {
      std::printf("%s\t%lld\t%s\n", summary.document_id().c_str(),
                  static_cast<long long>(summary.size()), summary.filename().c_str());
    });
  } else if (command == "download" && arguments.size() == 3) {
    std::printf("%s\n", documents.Download(arguments[1], arguments[2]).c_str());
  } else {
    throw std::runtime_error("usage: documents [options] upload FILE | list | download ID FILE");
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Run({argv + 1, argv + argc});
    return 0;
  } catch (const Problem& problem) {
    if (problem.reason == "QUOTA_EXCEEDED") {
      std::fprintf(stderr, "over quota: %s of %s bytes are used, %s more were asked for\n",
                   problem.metadata.at("used").c_str(), problem.metadata.at("limit").c_str(),
                   problem.metadata.at("requested").c_str());
      return kExitQuota;
    }
    std::fprintf(stderr, "%s: %s\n", problem.Name().c_str(), problem.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
