/// The table of all configuration keys. Parsing, --help, --print-config and the documentation
/// derive from it; nothing else knows a key's name, default or range.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "app/config.h"

namespace satchel {

/// How much of a value may be shown.
enum class Secrecy : std::uint8_t {
  kPublic,
  kCredentials,  ///< a URL whose password is masked
  kSecret,       ///< only whether it is set
};

struct ConfigKey {
  std::string name;         ///< in the environment: METRICS_PORT
  std::string placeholder;  ///< kind of value, for --help: PORT, SIZE, BOOLEAN, …
  std::string takes;        ///< what is accepted, for messages: "a port from 0 to 65535"
  /// Parsed like a given value; with `default_is_derived` a description of what depends on other
  /// keys or on the machine, and DeriveDefaults() sets it.
  std::string default_text;
  bool default_is_derived = false;
  std::string help;  ///< one line
  Secrecy secrecy = Secrecy::kPublic;
  /// Another variable that is read when this one is not set anywhere; empty: none.
  std::string fallback;
  /// Stores `text` into the Config; false: malformed or out of range.
  std::function<bool(Config&, const std::string& text)> assign;
  /// The value in its normal form, with secrets masked.
  std::function<std::string(const Config&)> show;

  /// "--metrics-port".
  std::string Flag() const;
  /// Whether NAME_FILE and --name-file can give it too.
  bool HasFileForm() const { return secrecy != Secrecy::kPublic; }
  bool IsBoolean() const { return placeholder == "BOOLEAN"; }
};

/// In the order in which they are shown.
std::span<const ConfigKey> ConfigKeys();

/// The key with this name, which must exist.
const ConfigKey& FindConfigKey(std::string_view name);

}  // namespace satchel
