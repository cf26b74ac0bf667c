/// A client that sends whatever bytes a test wants, and reads what comes back.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace satchel::testing {

struct HttpAnswer {
  unsigned status = 0;  ///< 0: no whole answer came
  std::string head;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// One connection to a port of this machine. Every wait ends after 10 s at most.
class HttpClient {
 public:
  /// `receive_buffer`: bytes the kernel may hold for a client that does not read; 0: its default.
  explicit HttpClient(std::uint16_t port, int receive_buffer = 0);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  /// False when the connection is gone.
  bool Send(std::string_view bytes);
  /// A GET (or another method) with a Host and these extra header lines.
  bool Request(std::string_view target, std::string_view extra_headers = "",
               std::string_view method = "GET");
  /// The next answer. `with_body`: false after HEAD.
  HttpAnswer Receive(bool with_body = true);
  HttpAnswer Get(std::string_view target, std::string_view extra_headers = "");
  /// All that comes until the server closes the connection; sets `closed`, false: it did not.
  std::string ReceiveAll(bool* closed);
  /// Waits until the server sent something or closed; false: not within `patience`.
  bool WaitReadable(std::chrono::milliseconds patience) const;
  /// Sends FIN.
  void FinishSending();

 private:
  /// Reads on; false at the end or on an error.
  bool Fill();

  int socket_;
  bool timed_out_ = false;
  std::string received_;
};

}  // namespace satchel::testing
