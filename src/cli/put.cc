#include "cli/put.h"

#include <document/document_service.grpc.pb.h>

#include <memory>

#include "base/limits.h"
#include "cli/connection.h"
#include "cli/error_printer.h"
#include "cli/message_json.h"
#include "cli/mime_type.h"
#include "cli/operation_queue.h"
#include "cli/progress_bar.h"
#include "cli/upload_source.h"

namespace satchel::cli {
namespace {

std::string BaseName(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

MaybeError Describe(const PutOptions& options, document::DocumentMetadata* metadata) {
  if (options.file == "-" && options.name.empty()) {
    return UsageError("standard input has no name: give --name NAME");
  }
  metadata->set_filename(options.name.empty() ? BaseName(options.file) : options.name);
  metadata->set_category(options.category);
  metadata->set_mime_type(options.mime_type.empty() ? MimeTypeOf(metadata->filename())
                                                    : options.mime_type);
  if (metadata->mime_type().empty()) {
    return UsageError("cannot tell the type of " + metadata->filename() +
                      " from its name: give --mime TYPE, one that the server allows");
  }
  if (auto error = CheckUtf8("the name", metadata->filename())) return error;
  if (auto error = CheckUtf8("--category", metadata->category())) return error;
  return CheckUtf8("--mime", metadata->mime_type());
}

// Reads the next chunk into `request`; at the end its chunk is empty.
MaybeError ReadChunk(UploadSource& source, document::UploadDocumentRequest* request) {
  std::string* const chunk = request->mutable_chunk();
  chunk->resize(kTransferChunkBytes);
  std::size_t count = 0;
  MaybeError error = source.Read(*chunk, &count);
  chunk->resize(count);
  return error;
}

// One upload over one connection.
class Upload {
 public:
  Upload(const ServerAddress& address, CliEnvironment& environment)
      : address_(address),
        environment_(environment),
        stub_(document::DocumentService::NewStub(Connect(address))),
        operations_(context_, std::chrono::seconds(environment.connection.timeout_seconds)) {}

  MaybeError Run(const document::DocumentMetadata& metadata, UploadSource& source) {
    const auto writer =
        stub_->PrepareAsyncUploadDocument(&context_, &response_, operations_.queue());
    document::UploadDocumentRequest request;
    *request.mutable_metadata() = metadata;
    writer->StartCall(operations_.tag());
    bool open = operations_.Await();
    if (open) {
      writer->Write(request, operations_.tag());
      open = operations_.Await();
    }
    MaybeError local_error = open ? SendChunks(*writer, source, metadata) : std::nullopt;
    grpc::Status status;
    writer->Finish(&status, operations_.tag());
    operations_.Await();
    if (local_error) return local_error;
    status = operations_.Explain(status);
    if (!status.ok()) return ErrorFromCall(status, address_);
    return std::nullopt;
  }

  const document::UploadDocumentResponse& response() const { return response_; }

 private:
  using Writer = grpc::ClientAsyncWriterInterface<document::UploadDocumentRequest>;

  // Stops when the server ends the call: Finish() tells why. Returns errors of this side only.
  MaybeError SendChunks(Writer& writer, UploadSource& source,
                        const document::DocumentMetadata& metadata) {
    ProgressBar bar(environment_);
    bar.Start(metadata.filename(), metadata.size());
    bar.Update(0);
    std::int64_t sent = 0;
    document::UploadDocumentRequest request;
    MaybeError error = ReadChunk(source, &request);
    while (!error && !request.chunk().empty()) {
      const std::size_t count = request.chunk().size();
      // Write() has serialized the request when it returns: the next chunk is read meanwhile.
      writer.Write(request, operations_.tag());
      error = ReadChunk(source, &request);
      if (!operations_.Await()) return std::nullopt;
      sent += static_cast<std::int64_t>(count);
      bar.Update(sent);
    }
    if (error) {
      operations_.Cancel();
      return error;
    }
    writer.WritesDone(operations_.tag());
    operations_.Await();
    return std::nullopt;
  }

  const ServerAddress& address_;
  CliEnvironment& environment_;
  std::unique_ptr<document::DocumentService::Stub> stub_;
  grpc::ClientContext context_;
  OperationQueue operations_;
  document::UploadDocumentResponse response_;
};

}  // namespace

int RunPut(const PutOptions& options, CliEnvironment& environment) {
  document::DocumentMetadata metadata;
  ServerAddress address;
  UploadSource source;
  MaybeError error = ResolveUser(environment.connection, metadata.mutable_user_id());
  if (!error) error = ResolveServer(environment.connection, &address);
  if (!error && options.file.empty()) error = UsageError("FILE is empty: - is standard input");
  if (!error) error = source.Open(options.file);
  if (!error) error = Describe(options, &metadata);
  if (!error) error = source.Measure();
  if (error) return ReportError(*error, environment);
  metadata.set_size(source.size());
  Upload upload(address, environment);
  error = upload.Run(metadata, source);
  if (error) return ReportError(*error, environment);
  environment.out << (environment.json ? MessageJson(upload.response())
                                       : upload.response().document_id())
                  << '\n';
  return kExitOk;
}

}  // namespace satchel::cli
