#include "adapters/s3/s3_xml.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <pugixml.hpp>

#include "adapters/s3/s3_dates.h"
#include "base/text.h"

namespace satchel {
namespace {

/// Elements, text, the five predefined entities and character references: nothing else is read.
constexpr unsigned kParseOptions = pugi::parse_escapes | pugi::parse_cdata | pugi::parse_eol;

/// The root element, when it has this name.
pugi::xml_node Parse(pugi::xml_document& document, std::string_view xml, const char* root) {
  const pugi::xml_parse_result parsed =
      document.load_buffer(xml.data(), xml.size(), kParseOptions, pugi::encoding_utf8);
  return parsed ? document.child(root) : pugi::xml_node();
}

std::string Text(const pugi::xml_node& node, const char* name) {
  return node.child(name).text().get();
}

bool IsTrue(const pugi::xml_node& node, const char* name) { return Text(node, name) == "true"; }

template <typename Number>
std::optional<Number> ReadNumber(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A key in a listing. XML cannot hold every character: they are asked for as in a URL's query, and
/// the listing says whether they are. nullopt: it is none.
std::optional<std::string> KeyOf(const pugi::xml_node& listing, const pugi::xml_node& node) {
  std::string key = Text(node, "Key");
  if (Text(listing, "EncodingType") != "url") return key;
  std::replace(key.begin(), key.end(), '+', ' ');
  return PercentDecode(key);
}

}  // namespace

std::optional<S3ErrorBody> ParseErrorBody(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = Parse(document, xml, "Error");
  if (!root || Text(root, "Code").empty()) return std::nullopt;
  return S3ErrorBody{Text(root, "Code"), Text(root, "Message")};
}

std::optional<S3VersionPage> ParseVersionPage(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = Parse(document, xml, "ListVersionsResult");
  if (!root) return std::nullopt;
  S3VersionPage page;
  for (const pugi::xml_node& node : root.children()) {
    const bool is_version = std::string_view(node.name()) == "Version";
    if (!is_version && std::string_view(node.name()) != "DeleteMarker") continue;
    std::optional<std::string> key = KeyOf(root, node);
    if (!key) return std::nullopt;
    page.last = {*std::move(key), ObjectVersion(Text(node, "VersionId"))};
    if (page.last.key.empty() || page.last.version.empty()) return std::nullopt;
    if (!is_version) continue;
    const std::optional<std::int64_t> size = ReadNumber<std::int64_t>(Text(node, "Size"));
    const std::optional<Timestamp> modified = ParseIsoDate(Text(node, "LastModified"));
    if (!size || !modified) return std::nullopt;
    page.versions.push_back({page.last, *size, *modified});
  }
  page.truncated = IsTrue(root, "IsTruncated");
  if (page.truncated && page.last.key.empty()) return std::nullopt;
  return page;
}

std::optional<S3UploadPage> ParseUploadPage(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = Parse(document, xml, "ListMultipartUploadsResult");
  if (!root) return std::nullopt;
  S3UploadPage page;
  for (const pugi::xml_node& node : root.children("Upload")) {
    const std::optional<Timestamp> initiated = ParseIsoDate(Text(node, "Initiated"));
    std::optional<std::string> key = KeyOf(root, node);
    if (!key) return std::nullopt;
    S3Upload upload{*std::move(key), UploadId(Text(node, "UploadId")), {}};
    if (!initiated || upload.key.empty() || upload.id.empty()) return std::nullopt;
    upload.initiated = *initiated;
    page.uploads.push_back(std::move(upload));
  }
  page.truncated = IsTrue(root, "IsTruncated");
  if (page.truncated && page.uploads.empty()) return std::nullopt;
  return page;
}

std::optional<S3PartPage> ParsePartPage(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = Parse(document, xml, "ListPartsResult");
  if (!root) return std::nullopt;
  S3PartPage page;
  for (const pugi::xml_node& node : root.children("Part")) {
    const std::optional<int> number = ReadNumber<int>(Text(node, "PartNumber"));
    if (!number) return std::nullopt;
    page.parts.push_back({*number, Text(node, "ETag"), Text(node, "ChecksumSHA256")});
  }
  page.truncated = IsTrue(root, "IsTruncated");
  if (page.truncated && page.parts.empty()) return std::nullopt;
  return page;
}

std::optional<UploadId> ParseUploadId(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = Parse(document, xml, "InitiateMultipartUploadResult");
  if (!root || Text(root, "UploadId").empty()) return std::nullopt;
  return UploadId(Text(root, "UploadId"));
}

std::optional<std::string> ParseVersioningStatus(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = Parse(document, xml, "VersioningConfiguration");
  if (!root) return std::nullopt;
  return Text(root, "Status");
}

bool IsCompleteResult(std::string_view xml) {
  pugi::xml_document document;
  return static_cast<bool>(Parse(document, xml, "CompleteMultipartUploadResult"));
}

}  // namespace satchel
