// A server of Satchel's contract that stores nothing: what gRPC alone costs on this machine. The
// bench prints Satchel's figures as ratios to it.
//
// Every answer is made from the request alone: a document's id is its size in decimal, so that a
// download knows how much to send without anything being kept.
#include <grpcpp/grpcpp.h>
#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/document_text.h"
#include "document/document_service.grpc.pb.h"
#include "passed_service.grpc.pb.h"

namespace satchel::bench {
namespace {

constexpr auto kShutdownGrace = std::chrono::seconds(1);

/// Counts what arrives. Owns itself from the start of the call until OnDone().
class UploadReactor final : public grpc::ServerReadReactor<document::UploadDocumentRequest> {
 public:
  static grpc::ServerReadReactor<document::UploadDocumentRequest>* Start(
      document::UploadDocumentResponse* response) {
    auto reactor = std::make_unique<UploadReactor>(response);
    UploadReactor& started = *reactor;
    started.self_ = std::move(reactor);
    started.StartRead(&started.request_);
    return &started;
  }

  explicit UploadReactor(document::UploadDocumentResponse* response) : response_(response) {}

  void OnReadDone(bool ok) override {
    if (ok) {
      received_bytes_ += request_.chunk().size();
      StartRead(&request_);
      return;
    }
    response_->set_document_id(std::to_string(received_bytes_));
    response_->set_size(static_cast<std::int64_t>(received_bytes_));
    response_->set_status("COMPLETED");
    Finish(grpc::Status::OK);
  }

  void OnDone() override { self_.reset(); }

 private:
  document::UploadDocumentResponse* response_;
  document::UploadDocumentRequest request_;
  std::size_t received_bytes_ = 0;
  std::unique_ptr<UploadReactor> self_;
};

/// Sends the info and then `size` bytes out of one message that is set once. Owns itself like
/// UploadReactor.
class DownloadReactor final : public grpc::ServerWriteReactor<document::DownloadDocumentResponse> {
 public:
  static grpc::ServerWriteReactor<document::DownloadDocumentResponse>* Start(
      const document::DownloadDocumentRequest& request, const std::string& chunk) {
    auto reactor = std::make_unique<DownloadReactor>(request, chunk);
    DownloadReactor& started = *reactor;
    started.self_ = std::move(reactor);
    started.StartWrite(&started.info_);
    return &started;
  }

  DownloadReactor(const document::DownloadDocumentRequest& request, const std::string& chunk) {
    const std::string& id = request.document_id();
    std::from_chars(id.data(), id.data() + id.size(), remaining_bytes_);
    auto* info = info_.mutable_info();
    info->set_document_id(id);
    info->set_filename("null.txt");
    info->set_mime_type("text/plain");
    info->set_size(static_cast<std::int64_t>(remaining_bytes_));
    response_.set_chunk(chunk.substr(0, std::min(chunk.size(), remaining_bytes_)));
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the client went away"));
      return;
    }
    if (remaining_bytes_ == 0) {
      Finish(grpc::Status::OK);
      return;
    }
    const std::size_t bytes = std::min(remaining_bytes_, kChunkBytes);
    if (bytes < response_.chunk().size()) {
      response_.mutable_chunk()->resize(bytes);
    }
    remaining_bytes_ -= bytes;
    StartWrite(&response_);
  }

  void OnDone() override { self_.reset(); }

 private:
  document::DownloadDocumentResponse info_;
  document::DownloadDocumentResponse response_;
  std::size_t remaining_bytes_ = 0;
  std::unique_ptr<DownloadReactor> self_;
};

/// The contract's methods, or those of them that `Api` has under another name.
template <typename Api>
class NullService : public Api::CallbackService {
 public:
  grpc::ServerReadReactor<document::UploadDocumentRequest>* UploadDocument(
      grpc::CallbackServerContext* /*context*/,
      document::UploadDocumentResponse* response) override {
    return UploadReactor::Start(response);
  }

  grpc::ServerWriteReactor<document::DownloadDocumentResponse>* DownloadDocument(
      grpc::CallbackServerContext* /*context*/,
      const document::DownloadDocumentRequest* request) override {
    return DownloadReactor::Start(*request, chunk_);
  }

  grpc::ServerUnaryReactor* GetUsageStats(grpc::CallbackServerContext* context,
                                          const document::GetUsageStatsRequest* request,
                                          document::GetUsageStatsResponse* response) override {
    response->mutable_usage()->set_user_id(request->user_id());
    response->mutable_quota()->set_quota_limit(std::int64_t{1} << 30);
    return FinishOk(*context);
  }

 protected:
  static grpc::ServerUnaryReactor* FinishOk(grpc::CallbackServerContext& context) {
    auto* reactor = context.DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const std::string chunk_ = Text(kChunkBytes);
};

class NullDocumentService final : public NullService<document::DocumentService> {
 public:
  grpc::ServerUnaryReactor* ListDocuments(grpc::CallbackServerContext* context,
                                          const document::ListDocumentsRequest* /*request*/,
                                          document::ListDocumentsResponse* /*response*/) override {
    return FinishOk(*context);
  }

  grpc::ServerUnaryReactor* DeleteDocument(grpc::CallbackServerContext* context,
                                           const document::DeleteDocumentRequest* /*request*/,
                                           document::DeleteDocumentResponse* response) override {
    response->set_success(true);
    return FinishOk(*context);
  }
};

struct Options {
  std::string address = "127.0.0.1:0";
  /// gRPC channel arguments, NAME=VALUE, to try what a setting of the real server costs or brings.
  std::vector<std::string> channel_arguments;
  std::size_t resource_quota_bytes = 0;
};

/// What is wrong with NAME=VALUE; empty when nothing is.
std::string CheckChannelArgument(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos) return "NAME=VALUE expected";
  int value = 0;
  const char* const end = argument.data() + argument.size();
  const auto [stop, error] = std::from_chars(argument.data() + equals + 1, end, value);
  return error == std::errc() && stop == end ? "" : "an integer expected after " + argument;
}

int Serve(const Options& options) {
  // Before any other thread exists, so that all of them leave the signals to sigwait().
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  NullDocumentService documents;
  NullService<::bench::PassedService> passed;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&documents);
  builder.RegisterService(&passed);
  for (const std::string& argument : options.channel_arguments) {
    const std::size_t equals = argument.find('=');
    builder.AddChannelArgument(argument.substr(0, equals), std::stoi(argument.substr(equals + 1)));
  }
  if (options.resource_quota_bytes > 0) {
    grpc::ResourceQuota quota("null_server");
    quota.Resize(options.resource_quota_bytes);
    builder.SetResourceQuota(quota);
  }
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::cerr << "null_server: cannot listen on " << options.address << "\n";
    return 1;
  }
  std::cout << "listening on " << port << std::endl;

  int received = 0;
  sigwait(&signals, &received);
  server->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
  return 0;
}

}  // namespace
}  // namespace satchel::bench

int main(int argc, char** argv) {
  satchel::bench::Options options;
  CLI::App app("A server of Satchel's contract that stores nothing");
  app.add_option("--address", options.address, "host:port; port 0 takes a free one, printed");
  app.add_option("--channel-argument", options.channel_arguments,
                 "a gRPC channel argument, NAME=VALUE with an integer")
      ->check(satchel::bench::CheckChannelArgument);
  app.add_option("--resource-quota", options.resource_quota_bytes, "bytes; 0 means unbounded");
  CLI11_PARSE(app, argc, argv);
  return satchel::bench::Serve(options);
}
