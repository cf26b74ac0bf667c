// A gRPC server with a service of its own and Satchel's beside it, on one port.
//
//     embedded STORAGE_DIR PORT
#include <grpcpp/grpcpp.h>
#include <satchel/document_server.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>

#include "greeter.grpc.pb.h"

namespace {

using namespace std::chrono_literals;

class GreeterService final : public greeter::Greeter::CallbackService {
  grpc::ServerUnaryReactor* Greet(grpc::CallbackServerContext* context,
                                  const greeter::Greeting* request,
                                  greeter::Greeting* response) override {
    response->set_text("Hello, " + request->text());
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int Serve(const std::string& folder, const std::string& port) {
  // Before there is another thread, so that the signals wait for sigwait() below.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::string error;
  const auto documents = satchel::DocumentServer::Open(
      {{"STORAGE_DIR", folder}, {"HOST", "127.0.0.1"}, {"METRICS_PORT", "0"}, {"HTTP_PORT", "0"}},
      &error);
  if (documents == nullptr) {
    std::cerr << "embedded: " << error << "\n";
    return 1;
  }

  GreeterService greeter;
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  int bound = 0;
  builder.AddListeningPort("127.0.0.1:" + port, grpc::InsecureServerCredentials(), &bound);
  builder.RegisterService(&greeter);
  documents->Register(builder);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || bound == 0) {
    std::cerr << "embedded: cannot listen on port " << port << "\n";
    return 1;
  }

  server->GetHealthCheckService()->SetServingStatus("document.DocumentService", true);

  int received = 0;
  sigwait(&signals, &received);
  server->GetHealthCheckService()->SetServingStatus(false);
  documents->Drain(8s);
  server->Shutdown(std::chrono::system_clock::now() + 2s);
  server->Wait();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: embedded STORAGE_DIR PORT\n";
    return 2;
  }
  return Serve(argv[1], argv[2]);
}
