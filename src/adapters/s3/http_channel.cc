#include "adapters/s3/http_channel.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "base/version.h"

namespace satchel {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A page of a listing with the longest keys is below 4 MiB.
constexpr std::size_t kAnswerBytesMax = std::size_t{16} * 1024 * 1024;
/// How long a cancellation may go unnoticed.
constexpr milliseconds kPollMax{50};
// Held by every upload under way; larger ones were measured to gain nothing.
constexpr long kUploadBufferBytes = 64L * 1024;
constexpr long kReceiveBufferBytes = 16L * 1024;
/// Below the 30 s after which servers close an idle connection, perhaps just under our request.
constexpr long kIdleSecondsMax = 20;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

bool IsCertificateError(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_ISSUER_ERROR;
}

/// OpenSSL's code for it, which curl passes on in its text alone:
/// "OpenSSL/3.0.19: error:0A00010B:SSL routines::…".
bool IsNoTlsError(CURLcode code, std::string_view text) {
  constexpr std::string_view kBefore = "error:";
  const std::size_t found = text.find(kBefore);
  if (code != CURLE_SSL_CONNECT_ERROR || found == std::string_view::npos) return false;
  text.remove_prefix(found + kBefore.size());
  unsigned long error = 0;
  std::from_chars(text.data(), text.data() + text.size(), error, 16);
  return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER;
}

std::string Milliseconds(milliseconds duration) { return std::to_string(duration.count()) + " ms"; }

}  // namespace

struct HttpChannel::Curl {
  struct CloseEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct CloseMulti {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
  };

  // In this order: the easy handle is closed first.
  std::unique_ptr<CURLM, CloseMulti> multi{curl_multi_init()};
  std::unique_ptr<CURL, CloseEasy> easy{curl_easy_init()};
  std::unique_ptr<curl_slist, FreeList> headers;
  std::array<char, CURL_ERROR_SIZE> error_text{};
};

std::string_view HttpAnswer::Header(std::string_view name) const {
  const auto found = headers.find(std::string(name));
  return found == headers.end() ? std::string_view() : found->second;
}

HttpChannel::HttpChannel(const S3StoreOptions& options)
    : options_(options), curl_(std::make_unique<Curl>()) {}

HttpChannel::~HttpChannel() { Abort(); }

void HttpChannel::SetOptions() {
  CURL* easy = curl_->easy.get();
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, curl_->error_text.data());
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "satchel/" SATCHEL_VERSION);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options_.time_limits.connect.count()));
  // Otherwise the end of a request waits for the end of a name's look-up, which has no limit.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kIdleSecondsMax);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  curl_easy_setopt(
      easy, CURLOPT_BUFFERSIZE,
      request_.sink == nullptr ? kReceiveBufferBytes : static_cast<long>(HttpSink::kBurstBytesMax));
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_pem.empty()) {
    curl_blob blob{const_cast<char*>(options_.ca_pem.data()), options_.ca_pem.size(),
                   CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
    // The blob stands for the system's file of authorities, not for its folder.
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  curl_slist* list = nullptr;
  for (const auto& [name, value] : request_.headers) {
    // curl makes this one from the URL, and equal.
    if (name == "host") continue;
    list = curl_slist_append(list, (name + ": " + value).c_str());
  }
  list = curl_slist_append(list, "Accept:");
  if (!request_.headers.contains("content-type")) list = curl_slist_append(list, "Content-Type:");
  if (!request_.headers.contains("expect")) list = curl_slist_append(list, "Expect:");
  curl_->headers.reset(list);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpChannel::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpChannel::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  if (request_.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (request_.method != "PUT" && request_.method != "POST") return;
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &HttpChannel::OnSend);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  if (request_.source == nullptr) {
    // A small body leaves in one piece with the headers.
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_bytes_));
  } else {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body_bytes_));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &HttpChannel::OnRead);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
  }
}

void HttpChannel::Start(OutgoingRequest request) {
  Abort();
  request_ = std::move(request);
  answer_ = {};
  headers_complete_ = false;
  paused_ = false;
  body_taken_ = 0;
  sent_ = false;
  body_bytes_ = request_.source != nullptr ? request_.source_bytes
                                           : static_cast<std::int64_t>(request_.body.size());
  SetOptions();
  last_progress_ = steady_clock::now();
  running_ = true;
  curl_multi_setopt(curl_->multi.get(), CURLMOPT_MAXCONNECTS, 1L);
  const CURLMcode added = curl_multi_add_handle(curl_->multi.get(), curl_->easy.get());
  if (added != CURLM_OK) {
    running_ = false;
    Fail(HttpFault::kNotReached, curl_multi_strerror(added));
  }
}

HttpAnswer HttpChannel::Perform(const CallContext& call, OutgoingRequest request) {
  Start(std::move(request));
  while (Drive(call, [] { return false; })) {
  }
  return std::move(answer_);
}

bool HttpChannel::Drive(const CallContext& call, const std::function<bool()>& enough) {
  if (!running_) return false;
  // What the caller did meanwhile is no stall of the store's.
  last_progress_ = steady_clock::now();
  Resume();
  while (running_) {
    int still_running = 0;
    const CURLMcode performed = curl_multi_perform(curl_->multi.get(), &still_running);
    if (performed != CURLM_OK) {
      Abort();
      Fail(HttpFault::kBroken, curl_multi_strerror(performed));
      break;
    }
    if (still_running == 0) {
      int left = 0;
      const CURLMsg* message = curl_multi_info_read(curl_->multi.get(), &left);
      Finish(message == nullptr ? CURLE_RECV_ERROR : message->data.result);
      break;
    }
    if (enough()) return true;
    if (!CheckTime(call)) break;
    curl_multi_poll(curl_->multi.get(), nullptr, 0, static_cast<int>(kPollMax.count()), nullptr);
  }
  return false;
}

milliseconds HttpChannel::TimeLimit() const {
  const bool waits_for_answer = body_taken_ == body_bytes_ && answer_.headers.empty();
  return waits_for_answer ? options_.time_limits.first_byte : options_.time_limits.stall;
}

bool HttpChannel::CheckTime(const CallContext& call) {
  if (Status wanted = call.Check(); !wanted.ok()) {
    Abort();
    Fail(HttpFault::kCallEnded, wanted.message());
    answer_.call_status = std::move(wanted);
    return false;
  }
  const auto idle = steady_clock::now() - last_progress_;
  const milliseconds limit = TimeLimit();
  if (idle < limit) return true;
  const bool unanswered = body_taken_ == body_bytes_ && answer_.headers.empty();
  Abort();
  Fail(HttpFault::kBroken,
       (unanswered ? "no answer within " : "no progress within ") + Milliseconds(limit));
  return false;
}

void HttpChannel::Resume() {
  if (!std::exchange(paused_, false)) return;
  curl_easy_pause(curl_->easy.get(), CURLPAUSE_CONT);
}

void HttpChannel::Finish(int curl_code) {
  const auto code = static_cast<CURLcode>(curl_code);
  long status = 0;
  long request_bytes = 0;
  curl_easy_getinfo(curl_->easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl_->easy.get(), CURLINFO_REQUEST_SIZE, &request_bytes);
  Abort();
  answer_.status = static_cast<int>(status);
  // A refusal that came whole stands, even when the rest of our body could not be sent any more.
  if (code == CURLE_OK) return;
  std::string text = curl_easy_strerror(code);
  if (curl_->error_text[0] != '\0') text.append(": ").append(curl_->error_text.data());
  if (IsCertificateError(code)) return Fail(HttpFault::kUntrusted, std::move(text));
  if (IsNoTlsError(code, curl_->error_text.data())) return Fail(HttpFault::kNoTls, std::move(text));
  Fail(request_bytes == 0 ? HttpFault::kNotReached : HttpFault::kBroken, std::move(text));
}

void HttpChannel::Fail(HttpFault fault, std::string text) {
  answer_.fault = fault;
  answer_.fault_text = std::move(text);
}

void HttpChannel::Abort() {
  if (!std::exchange(running_, false)) return;
  curl_multi_remove_handle(curl_->multi.get(), curl_->easy.get());
}

int HttpChannel::OnSend(void* self, char* /*peer*/, char* /*own*/, int /*peer_port*/,
                        int /*own_port*/) {
  // Called again when curl begins anew, on another connection, after one that broke without an
  // answer: behind our back a PUT would be carried out twice, or go without what was taken of it.
  HttpChannel& channel = *static_cast<HttpChannel*>(self);
  if (std::exchange(channel.sent_, true)) return CURL_PREREQFUNC_ABORT;
  if (channel.request_.source == nullptr) channel.body_taken_ = channel.body_bytes_;
  return CURL_PREREQFUNC_OK;
}

std::size_t HttpChannel::OnRead(char* room, std::size_t size, std::size_t count, void* self) {
  HttpChannel& channel = *static_cast<HttpChannel*>(self);
  const std::span<std::byte> space(reinterpret_cast<std::byte*>(room), size * count);
  const std::size_t taken = channel.request_.source->Take(space);
  if (taken == 0) {
    if (channel.body_taken_ == channel.body_bytes_) return 0;
    channel.paused_ = true;
    return CURL_READFUNC_PAUSE;
  }
  channel.body_taken_ += static_cast<std::int64_t>(taken);
  channel.last_progress_ = steady_clock::now();
  return taken;
}

std::size_t HttpChannel::OnBody(char* bytes, std::size_t size, std::size_t count, void* self) {
  HttpChannel& channel = *static_cast<HttpChannel*>(self);
  const std::size_t length = size * count;
  channel.last_progress_ = steady_clock::now();
  HttpSink* sink = channel.request_.sink;
  if (sink != nullptr && channel.answer_.status / 100 == 2) {
    if (sink->Put({reinterpret_cast<const std::byte*>(bytes), length})) return length;
    channel.paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  std::string& body = channel.answer_.body;
  if (length > kAnswerBytesMax - body.size()) return 0;  // ends the transfer with an error
  body.append(bytes, length);
  return length;
}

std::size_t HttpChannel::OnHeader(char* line, std::size_t size, std::size_t count, void* self) {
  HttpChannel& channel = *static_cast<HttpChannel*>(self);
  const std::size_t length = size * count;
  channel.last_progress_ = steady_clock::now();
  const std::string_view text = TrimAscii(std::string_view(line, length));
  if (text.starts_with("HTTP/")) {
    channel.answer_.headers.clear();
    return length;
  }
  if (text.empty()) {
    long status = 0;
    curl_easy_getinfo(channel.curl_->easy.get(), CURLINFO_RESPONSE_CODE, &status);
    channel.answer_.status = static_cast<int>(status);
    channel.headers_complete_ = status >= 200;
    if (status < 200) channel.answer_.headers.clear();
    return length;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return length;
  channel.answer_.headers[ToLowerAscii(text.substr(0, colon))] = TrimAscii(text.substr(colon + 1));
  return length;
}

}  // namespace satchel
