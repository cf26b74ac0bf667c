/// Makes a Config: flag over environment over --env-file over default.
///
/// Each key of config_keys.h is a flag (`--metrics-port 9100`, `--metrics-port=9100`; a boolean
/// alone means true) and a variable. An empty variable is not set. A secret X can come from the
/// file that X_FILE or --x-file names; one trailing newline is dropped. Variables that are no keys
/// are ignored, since the platform shares one `.env`; those that are most likely misspelt are
/// warned of.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/config_keys.h"
#include "app/env_file.h"
#include "base/status.h"

namespace CLI {  // NOLINT(readability-identifier-naming): not ours
class App;
}

namespace satchel {

using Environment = std::map<std::string, std::string>;

/// A copy of the process's environment.
Environment ProcessEnvironment();

/// LoadedConfig::origins of what no source set.
inline constexpr std::string_view kDefaultOrigin = "default";

struct LoadedConfig {
  Config config;
  /// Where each value came from, by the key's name: "flag", "environment", "file PATH", "default";
  /// with the variable behind it where that is not the key: "environment MINIO_ROOT_USER".
  std::map<std::string, std::string> origins;
  std::vector<std::string> warnings;  ///< for the operator, at start
};

/// Not thread-safe. Must outlive the parsing of the commands it is registered with.
class ConfigLoader {
 public:
  explicit ConfigLoader(Environment environment);
  ConfigLoader(const ConfigLoader&) = delete;
  ConfigLoader& operator=(const ConfigLoader&) = delete;

  /// Adds all keys, --env-file and --print-config to `command`, in the group "Configuration".
  /// Unknown flags of the command are left to Load(), which suggests known ones.
  void RegisterOptions(CLI::App& command);

  /// After parsing. INVALID_FIELD: an unknown flag or a stray argument (a usage error).
  /// CONFIGURATION_INVALID: all keys that are wrong, each with what it got and what it takes.
  Result<LoadedConfig> Load() const;

  /// Whether --print-config was given: show PrintConfig() and stop.
  bool print_requested() const { return print_requested_; }

 private:
  struct Given {
    std::string text;
    std::string variable;  ///< that gave it: the key, its file form or its fallback
    std::string origin;    ///< as in LoadedConfig
    bool readable = true;  ///< false: a file that could not be read; reported already
  };
  /// One source of variables.
  struct Source {
    std::string name;  ///< "environment", "file .env"
    const Environment* variables = nullptr;
    bool empty_counts = false;  ///< whether an empty value is a value
  };
  class Problems;

  void RegisterKey(CLI::App& command, const ConfigKey& key);
  Status CheckUsage() const;
  std::vector<EnvFileEntry> ReadEnvFile(Problems& problems) const;
  std::vector<std::string> FindSuspects(const std::vector<EnvFileEntry>& file_entries) const;
  std::optional<Given> Find(const ConfigKey& key, const Environment& file,
                            Problems& problems) const;
  static std::optional<Given> FindIn(const Source& source, const std::string& variable,
                                     bool has_file_form, Problems& problems);

  const Environment environment_;
  Environment flags_;  ///< by the name of the variable that each flag stands for
  std::optional<std::string> env_file_;
  bool print_requested_ = false;
  std::vector<CLI::App*> commands_;
};

/// The whole of it for one command line without a command's name, e.g. {"--port", "50051"}.
Result<Config> LoadConfig(const std::vector<std::string>& arguments,
                          const Environment& environment);

}  // namespace satchel
