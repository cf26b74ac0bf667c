#include "unit/http/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/text.h"

namespace satchel::testing {

HttpClient::HttpClient(std::uint16_t port, int receive_buffer)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval patience{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (receive_buffer != 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(socket_);
    socket_ = -1;
  }
}

HttpClient::~HttpClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool HttpClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::Request(std::string_view target, std::string_view extra_headers,
                         std::string_view method) {
  std::string request(method);
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  return Send(request.append(extra_headers).append("\r\n"));
}

bool HttpClient::Fill() {
  std::array<char, 65536> buffer;
  const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
  timed_out_ = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

HttpAnswer HttpClient::Receive(bool with_body) {
  HttpAnswer answer;
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return answer;
  }
  answer.head = received_.substr(0, end + 2);
  received_.erase(0, end + 4);
  for (std::size_t line = answer.head.find("\r\n") + 2; line < answer.head.size();) {
    const std::size_t line_end = answer.head.find("\r\n", line);
    const std::size_t colon = answer.head.find(": ", line);
    answer.headers[ToLowerAscii(answer.head.substr(line, colon - line))] =
        answer.head.substr(colon + 2, line_end - colon - 2);
    line = line_end + 2;
  }
  const auto length = answer.headers.find("content-length");
  if (with_body && length != answer.headers.end()) {
    const std::size_t size = std::stoul(length->second);
    while (received_.size() < size) {
      if (!Fill()) return answer;
    }
    answer.body = received_.substr(0, size);
    received_.erase(0, size);
  }
  answer.status = static_cast<unsigned>(std::strtoul(answer.head.c_str() + 9, nullptr, 10));
  return answer;
}

HttpAnswer HttpClient::Get(std::string_view target, std::string_view extra_headers) {
  Request(target, extra_headers);
  return Receive();
}

std::string HttpClient::ReceiveAll(bool* closed) {
  while (Fill()) {
  }
  *closed = !timed_out_;
  return std::exchange(received_, {});
}

bool HttpClient::WaitReadable(std::chrono::milliseconds patience) const {
  pollfd waited{socket_, POLLIN, 0};
  return ::poll(&waited, 1, static_cast<int>(patience.count())) == 1;
}

void HttpClient::FinishSending() { ::shutdown(socket_, SHUT_WR); }

}  // namespace satchel::testing
