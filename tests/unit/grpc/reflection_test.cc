#include "transport/grpc/reflection.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace satchel {
namespace {

using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

std::vector<std::string> Services(const ServerReflectionResponse& response) {
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) {
    names.push_back(service.name());
  }
  return names;
}

std::vector<std::string> Files(const ServerReflectionResponse& response) {
  std::vector<std::string> names;
  for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(file.ParseFromString(bytes));
    names.push_back(file.name());
  }
  return names;
}

TEST(ReflectionTest, ServesBothVersionsAndNothingElse) {
  EXPECT_TRUE(Reflection::Serves("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"));
  EXPECT_TRUE(Reflection::Serves("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"));
  EXPECT_FALSE(Reflection::Serves("/grpc.reflection.v1.ServerReflection/Other"));
  EXPECT_FALSE(Reflection::Serves(""));
}

TEST(ReflectionTest, ListsItsServicesAndThoseOfTheUpstreamOnce) {
  ServerReflectionRequest request;
  request.set_list_services("");
  ServerReflectionResponse own = ReflectLocally(request);
  EXPECT_THAT(Services(own), IsSupersetOf({"document.DocumentService", "grpc.health.v1.Health"}));
  const int before = own.list_services_response().service_size();
  ServerReflectionResponse theirs;
  theirs.mutable_list_services_response()->add_service()->set_name("ai_service.AIService");
  theirs.mutable_list_services_response()->add_service()->set_name("grpc.health.v1.Health");
  AddServices(theirs, &own);
  EXPECT_EQ(own.list_services_response().service_size(), before + 1);
  EXPECT_THAT(Services(own), Contains("ai_service.AIService"));
}

TEST(ReflectionTest, DescribesEachServiceItLists) {
  ServerReflectionRequest list;
  list.set_list_services("");
  for (const std::string& name : Services(ReflectLocally(list))) {
    ServerReflectionRequest request;
    request.set_file_containing_symbol(name);
    EXPECT_THAT(Files(ReflectLocally(request)), Not(IsEmpty())) << name;
  }
}

TEST(ReflectionTest, FindsSymbolsAndFiles) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol("document.DocumentService.UploadDocument");
  EXPECT_THAT(Files(ReflectLocally(request)), ElementsAre("document/document_service.proto"));
  request.set_file_by_filename("grpc/health/v1/health.proto");
  EXPECT_THAT(Files(ReflectLocally(request)), ElementsAre("grpc/health/v1/health.proto"));
  // With what it imports.
  request.set_file_by_filename("google/rpc/error_details.proto");
  EXPECT_THAT(Files(ReflectLocally(request)),
              ElementsAre("google/rpc/error_details.proto", "google/protobuf/duration.proto"));
}

TEST(ReflectionTest, SaysWhatItDoesNotKnow) {
  ServerReflectionRequest request;
  EXPECT_EQ(ReflectLocally(request).error_response().error_code(), 3);
  request.set_file_containing_symbol("ai_service.AIService");
  EXPECT_EQ(ReflectLocally(request).error_response().error_code(), 5);
  request.set_file_by_filename("");
  EXPECT_EQ(ReflectLocally(request).error_response().error_code(), 5);
  request.set_all_extension_numbers_of_type("no.Such");
  EXPECT_EQ(ReflectLocally(request).error_response().error_code(), 5);
  request.mutable_file_containing_extension()->set_containing_type("document.DocumentInfo");
  EXPECT_EQ(ReflectLocally(request).error_response().error_code(), 5);
}

TEST(ReflectionTest, NamesExtensions) {
  ServerReflectionRequest request;
  request.set_all_extension_numbers_of_type("document.DocumentInfo");
  const ServerReflectionResponse response = ReflectLocally(request);
  EXPECT_EQ(response.all_extension_numbers_response().base_type_name(), "document.DocumentInfo");
  EXPECT_EQ(response.all_extension_numbers_response().extension_number_size(), 0);
}

}  // namespace
}  // namespace satchel
