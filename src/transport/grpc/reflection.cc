#include "transport/grpc/reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "transport/grpc/grpc_status.h"
#include "transport/grpc/messages.h"
#include "transport/grpc/upstream_query.h"

namespace satchel {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

constexpr std::array<std::string_view, 4> kOwnServices = {
    "document.DocumentService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection"};

void SetError(grpc::StatusCode code, std::string message, ServerReflectionResponse* response) {
  response->mutable_error_response()->set_error_code(code);
  response->mutable_error_response()->set_error_message(std::move(message));
}

/// Descriptions that no other code of the program needs: a linker leaves out of a static library
/// what nothing refers to.
void LinkDescriptions() {
  google::protobuf::LinkMessageReflection<grpc::health::v1::HealthCheckRequest>();
  google::protobuf::LinkMessageReflection<grpc::reflection::v1alpha::ServerReflectionRequest>();
}

/// `file` and what it imports, each once and before what it imports.
void AddFile(const FileDescriptor& file, std::set<std::string>& seen,
             ServerReflectionResponse* response) {
  if (!seen.insert(file.name()).second) return;
  google::protobuf::FileDescriptorProto description;
  file.CopyTo(&description);
  response->mutable_file_descriptor_response()->add_file_descriptor_proto(
      description.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), seen, response);
}

void Answer(const FileDescriptor* file, ServerReflectionResponse* response) {
  if (file == nullptr) {
    SetError(grpc::StatusCode::NOT_FOUND, "not known", response);
    return;
  }
  std::set<std::string> seen;
  AddFile(*file, seen, response);
}

void AnswerExtensions(const std::string& type, ServerReflectionResponse* response) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  const auto* const extended = pool.FindMessageTypeByName(type);
  if (extended == nullptr) {
    SetError(grpc::StatusCode::NOT_FOUND, "not known", response);
    return;
  }
  std::vector<const google::protobuf::FieldDescriptor*> extensions;
  pool.FindAllExtensions(extended, &extensions);
  auto* const answer = response->mutable_all_extension_numbers_response();
  answer->set_base_type_name(type);
  for (const auto* extension : extensions) answer->add_extension_number(extension->number());
}

const FileDescriptor* FindExtension(const grpc::reflection::v1::ExtensionRequest& request) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  const auto* const extended = pool.FindMessageTypeByName(request.containing_type());
  if (extended == nullptr) return nullptr;
  const auto* const found = pool.FindExtensionByNumber(extended, request.extension_number());
  return found == nullptr ? nullptr : found->file();
}

}  // namespace

ServerReflectionResponse ReflectLocally(const ServerReflectionRequest& request) {
  LinkDescriptions();
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  ServerReflectionResponse response;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kFileByFilename:
      Answer(pool.FindFileByName(request.file_by_filename()), &response);
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      Answer(pool.FindFileContainingSymbol(request.file_containing_symbol()), &response);
      break;
    case ServerReflectionRequest::kFileContainingExtension:
      Answer(FindExtension(request.file_containing_extension()), &response);
      break;
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      AnswerExtensions(request.all_extension_numbers_of_type(), &response);
      break;
    case ServerReflectionRequest::kListServices:
      for (const std::string_view name : kOwnServices) {
        response.mutable_list_services_response()->add_service()->set_name(std::string(name));
      }
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      SetError(grpc::StatusCode::INVALID_ARGUMENT, "the request asks for nothing", &response);
  }
  return response;
}

void AddServices(const ServerReflectionResponse& upstream, ServerReflectionResponse* own) {
  for (const auto& service : upstream.list_services_response().service()) {
    if (std::ranges::find(kOwnServices, service.name()) != kOwnServices.end()) continue;
    *own->mutable_list_services_response()->add_service() = service;
  }
}

/// One stream: question and answer in turn.
class Reflection::Call final : public grpc::ServerGenericBidiReactor,
                               public WatchedCall,
                               public std::enable_shared_from_this<Call> {
 public:
  Call(const Reflection& reflection, grpc::GenericCallbackServerContext& context)
      : reflection_(reflection), context_(context) {}

  void Start() {
    self_ = shared_from_this();
    Result<Admission::Ticket> ticket = reflection_.admission_.Enter(*this);
    if (!ticket.ok()) {
      Finish(ToGrpcStatus(ticket.status(), ""));
      return;
    }
    ticket_ = *std::move(ticket);
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::OK);
      return;
    }
    Touch();
    if (!Parse(incoming_, &request_)) {
      Finish({grpc::StatusCode::INVALID_ARGUMENT, "not a ServerReflectionRequest"});
      return;
    }
    response_ = ReflectLocally(request_);
    const bool incomplete = response_.has_error_response() || request_.has_list_services();
    if (reflection_.upstream_ == nullptr || !incomplete) {
      Answer();
      return;
    }
    AskUpstreamReflection(reflection_.upstream_, Serialized(request_),
                          [self = shared_from_this()](std::optional<grpc::ByteBuffer> answer) {
                            self->OnUpstreamAnswer(answer);
                          });
  }

  void OnWriteDone(bool ok) override {
    Touch();
    if (ok) {
      StartRead(&incoming_);
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }

  void OnDone() override {
    ticket_ = Admission::Ticket();
    self_.reset();
  }

  void CheckStall(std::chrono::steady_clock::time_point now) override {
    if (now.time_since_epoch() - touched_.load() > reflection_.idle_max_) {
      Interrupt(Status(Reason::kDeadlineExceeded, "the stream was idle for too long"));
    }
  }

  void Interrupt(const Status& status) override {
    const grpc::Status answer = ToGrpcStatus(status, "");
    grpc_call_cancel_with_status(context_.c_call(),
                                 static_cast<grpc_status_code>(answer.error_code()),
                                 answer.error_message().c_str(), nullptr);
  }

 private:
  void OnUpstreamAnswer(const std::optional<grpc::ByteBuffer>& answer) {
    ServerReflectionResponse theirs;
    if (answer && Parse(*answer, &theirs)) {
      if (request_.has_list_services()) {
        AddServices(theirs, &response_);
      } else {
        response_ = std::move(theirs);
      }
    }
    Answer();
  }

  void Answer() {
    response_.set_valid_host(request_.host());
    *response_.mutable_original_request() = request_;
    outgoing_ = Serialized(response_);
    StartWrite(&outgoing_);
  }

  void Touch() { touched_ = std::chrono::steady_clock::now().time_since_epoch(); }

  const Reflection& reflection_;
  grpc::GenericCallbackServerContext& context_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  ServerReflectionRequest request_;
  ServerReflectionResponse response_;
  std::atomic<std::chrono::steady_clock::duration> touched_ =
      std::chrono::steady_clock::now().time_since_epoch();
  Admission::Ticket ticket_;
  std::shared_ptr<Call> self_;
};

bool Reflection::Serves(std::string_view method) {
  return method == "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo" ||
         method == "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
}

grpc::ServerGenericBidiReactor* Reflection::Start(grpc::GenericCallbackServerContext& context) {
  const auto call = std::make_shared<Call>(*this, context);
  call->Start();
  return call.get();
}

}  // namespace satchel
