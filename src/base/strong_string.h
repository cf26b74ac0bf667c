/// Strings that cannot be confused with one another: ids, names, secrets.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace satchel {

/// A std::string whose type says what it is. Holds any bytes; rules are checked where it is made.
template <typename Tag>
class StrongString {
 public:
  StrongString() = default;
  explicit StrongString(std::string value) : value_(std::move(value)) {}

  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }
  auto operator<=>(const StrongString&) const = default;

 private:
  std::string value_;
};

using UserId = StrongString<struct UserIdTag>;
/// UUID version 4 in its 36-character lower-case form, or whatever a caller claims to be one.
using DocumentId = StrongString<struct DocumentIdTag>;
/// Random value of the upload that owns a PENDING row: 32 lower-case hexadecimal digits.
using AttemptId = StrongString<struct AttemptIdTag>;
/// Names one immutable version of an object within its store; empty: none yet.
using ObjectVersion = StrongString<struct ObjectVersionTag>;
/// Names one multipart upload under way in its store; empty: none.
using UploadId = StrongString<struct UploadIdTag>;
/// Random value that a store and its database share; pairs them.
using StoreId = StrongString<struct StoreIdTag>;
/// SHA-256 as 64 lower-case hexadecimal digits; empty: not known.
using ContentHash = StrongString<struct ContentHashTag>;

/// A value that no stream, log or format function accepts; read it only where it is used.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  const std::string& Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace satchel

template <typename Tag>
struct std::hash<satchel::StrongString<Tag>> {
  std::size_t operator()(const satchel::StrongString<Tag>& text) const {
    return std::hash<std::string>()(text.value());
  }
};
