#include "observability/redaction.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace satchel {
namespace {

constexpr std::string_view kSchemeEnd = "://";
constexpr std::string_view kUrlEnd = " \t\r\n\"'<>)]}";
constexpr std::string_view kValueEnd = " \t\r\n\"'<>)]},;&";
/// Lower case; ends of names, so that x-amz-signature is found by signature.
constexpr std::array<std::string_view, 8> kSecretNames = {
    "password", "passwd", "secret", "signature", "token", "credential", "access_key", "sig"};

std::string WithoutUrlSecrets(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t scheme = text.find(kSchemeEnd);
    if (scheme == std::string_view::npos) break;
    const std::size_t host = scheme + kSchemeEnd.size();
    result.append(text.substr(0, host));
    const std::string_view url =
        text.substr(host, std::min(text.find_first_of(kUrlEnd, host), text.size()) - host);
    const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
    const std::size_t at = url.substr(0, url.find_first_of("?#")).rfind('@');
    // A password may hold a `/` by mistake: then the last @ is behind it.
    const std::string_view shown = at == std::string_view::npos
                                       ? authority
                                       : url.substr(at + 1).substr(0, url.substr(at + 1).find('/'));
    result.append(shown.substr(0, shown.find_first_of("?#")));
    if (url.size() > authority.size()) result.append("/...");
    text.remove_prefix(host + url.size());
  }
  return result.append(text);
}

std::string WithoutSecretValues(const std::string& text) {
  const std::string lower = ToLowerAscii(text);
  std::string result;
  std::size_t done = 0;
  for (std::size_t equals = lower.find('='); equals != std::string::npos;
       equals = lower.find('=', equals + 1)) {
    if (equals < done) continue;
    const std::string_view before = std::string_view(lower).substr(0, equals);
    const bool secret = std::any_of(kSecretNames.begin(), kSecretNames.end(),
                                    [&](std::string_view name) { return before.ends_with(name); });
    if (!secret) continue;
    result.append(text, done, equals + 1 - done).append("***");
    done = std::min(text.find_first_of(kValueEnd, equals + 1), text.size());
  }
  return result.append(text, done);
}

}  // namespace

std::string Redact(std::string_view text) { return WithoutSecretValues(WithoutUrlSecrets(text)); }

bool MayNeedRedaction(std::string_view text) {
  return text.find('=') != std::string_view::npos ||
         text.find(kSchemeEnd) != std::string_view::npos;
}

}  // namespace satchel
