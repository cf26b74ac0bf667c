/// A program that a test runs beside itself.
#pragma once

#include <string>
#include <vector>

namespace satchel {

/// Ends with this object, and with the test program however that ends.
class ChildProcess {
 public:
  /// Runs `arguments[0]`, found by PATH, with all output going to the file `log`. The test fails
  /// when there is no such program.
  ChildProcess(const std::vector<std::string>& arguments, const std::string& log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  bool running();
  /// kill -9, and waits for the end.
  void Kill();
  /// As an operator stops it; waits for the end.
  void Stop();
  /// It stops to do anything, its sockets stay open.
  void Freeze();
  void Thaw();
  /// Waits for the end; the exit code, or -1 for a signal.
  int Wait();

 private:
  void Signal(int signal);

  int pid_ = -1;
  int exit_code_ = -1;
};

}  // namespace satchel
