#include "app/config_loader.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>
#include <utility>

#include "app/config_checks.h"
#include "app/config_suspects.h"
#include "app/config_values.h"
#include "app/usage.h"
#include "base/text.h"

namespace satchel {
namespace {

constexpr std::string_view kOptionGroup = "Configuration";
constexpr std::string_view kFileSuffix = "_FILE";
constexpr std::size_t kEnvFileBytesMax = 1024 * 1024;
constexpr std::size_t kSecretFileBytesMax = 64 * 1024;

std::string Quoted(std::string_view text) {
  return "\"" + TruncateUtf8(text, kEchoedBytesMax) + "\"";
}

/// What a bad value looked like, as far as that can be told.
std::string Got(const ConfigKey& key, std::string_view text) {
  constexpr std::string_view kSchemeEnd = "://";
  const std::size_t scheme = text.find(kSchemeEnd);
  const bool no_credentials =
      key.secrecy == Secrecy::kCredentials && scheme != std::string_view::npos &&
      text.find_first_of(":@", scheme + kSchemeEnd.size()) == std::string_view::npos;
  if (key.secrecy == Secrecy::kPublic || no_credentials) return Quoted(text);
  return "a value that is not shown here";
}

void DropTrailingNewline(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

std::string HelpOf(const ConfigKey& key) {
  std::string help = key.help + " [" + key.name;
  if (!key.default_text.empty()) help.append(", default ").append(key.default_text);
  help.append("]");
  if (key.HasFileForm()) help.append("; ").append(key.Flag()).append("-file names a file with it");
  return help;
}

}  // namespace

/// Everything that is wrong, in the order in which it was found.
class ConfigLoader::Problems {
 public:
  void Add(std::string problem) { lines_.push_back(std::move(problem)); }
  bool empty() const { return lines_.empty(); }
  Status ToStatus() const {
    std::string text =
        lines_.size() == 1 ? "the configuration has an error:" : "the configuration has errors:";
    for (const std::string& line : lines_) text.append("\n  ").append(line);
    return ConfigurationError(std::move(text));
  }

 private:
  std::vector<std::string> lines_;
};

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

ConfigLoader::ConfigLoader(Environment environment) : environment_(std::move(environment)) {}

void ConfigLoader::RegisterOptions(CLI::App& command) {
  for (const ConfigKey& key : ConfigKeys()) RegisterKey(command, key);
  command
      .add_option_function<std::string>(
          "--env-file", [this](const std::string& path) { env_file_ = path; },
          "File of KEY=VALUE lines, below the environment")
      ->type_name("FILE")
      ->group(std::string(kOptionGroup));
  command
      .add_flag_callback(
          "--print-config", [this] { print_requested_ = true; },
          "Show what holds and where it came from, without secrets, and stop")
      ->group(std::string(kOptionGroup));
  command.allow_extras();
  commands_.push_back(&command);
}

void ConfigLoader::RegisterKey(CLI::App& command, const ConfigKey& key) {
  const auto add = [&](const std::string& flag, const std::string& variable,
                       const std::string& help) {
    return command
        .add_option_function<std::string>(
            flag, [this, variable](const std::string& text) { flags_[variable] = text; }, help)
        ->take_last()
        // Where a value must follow, CLI11 takes the next flag for the value of `--log-dir=`.
        ->expected(0, 1);
  };
  CLI::Option* option = add(key.Flag(), key.name, HelpOf(key));
  option->type_name(key.placeholder)->group(std::string(kOptionGroup));
  if (key.IsBoolean()) option->default_str("true");
  if (!key.HasFileForm()) return;
  // An empty group: not listed, the key's own line mentions it.
  add(key.Flag() + "-file", key.name + std::string(kFileSuffix), "")->type_name("FILE")->group("");
}

Status ConfigLoader::CheckUsage() const {
  std::string problems;
  for (const CLI::App* command : commands_) {
    for (const std::string& problem : DescribeExtras(*command))
      problems.append(problem).append("\n");
  }
  if (problems.empty()) return {};
  return Status(Reason::kInvalidField, problems + "--help lists the flags");
}

std::vector<EnvFileEntry> ConfigLoader::ReadEnvFile(Problems& problems) const {
  if (!env_file_) return {};
  const Result<std::string> text = ReadTextFile(*env_file_, kEnvFileBytesMax);
  if (!text.ok()) {
    problems.Add("--env-file: " + text.status().message());
    return {};
  }
  EnvFileContent content = ParseEnvFile(*text);
  for (const std::string& problem : content.problems) {
    problems.Add("--env-file: " + *env_file_ + ", " + problem);
  }
  return std::move(content.entries);
}

std::vector<std::string> ConfigLoader::FindSuspects(
    const std::vector<EnvFileEntry>& file_entries) const {
  std::set<std::string, std::less<>> given;
  for (const auto& [name, value] : flags_) given.insert(name);
  for (const auto& [name, value] : environment_) given.insert(name);
  for (const EnvFileEntry& entry : file_entries) given.insert(entry.key);
  const auto is_given = [&](const std::string& key) { return given.contains(key); };
  std::vector<std::string> suspects;
  for (const EnvFileEntry& entry : file_entries) {
    if (const auto suspect = DescribeSuspect({entry.key, entry.value}, is_given)) {
      suspects.push_back("--env-file: " + *env_file_ + ", line " + std::to_string(entry.line) +
                         ": " + *suspect);
    }
  }
  for (const auto& [name, value] : environment_) {
    if (const auto suspect = DescribeSuspect({name, value}, is_given)) {
      suspects.push_back("environment: " + *suspect);
    }
  }
  return suspects;
}

std::optional<ConfigLoader::Given> ConfigLoader::FindIn(const Source& source,
                                                        const std::string& variable,
                                                        bool has_file_form, Problems& problems) {
  const auto find = [&](const std::string& name) -> const std::string* {
    const auto found = source.variables->find(name);
    const bool absent =
        found == source.variables->end() || (found->second.empty() && !source.empty_counts);
    return absent ? nullptr : &found->second;
  };
  const std::string* const text = find(variable);
  const std::string file_variable = variable + std::string(kFileSuffix);
  const std::string* const path = has_file_form ? find(file_variable) : nullptr;
  if (path == nullptr) {
    if (text == nullptr) return std::nullopt;
    return Given{*text, variable, {}};
  }
  if (text != nullptr) {
    problems.Add(variable + " and " + file_variable + " are both set (" + source.name +
                 "), takes one of them");
    return Given{{}, file_variable, {}, false};
  }
  Result<std::string> content = ReadTextFile(*path, kSecretFileBytesMax);
  if (!content.ok()) {
    problems.Add(file_variable + " (" + source.name + "): " + content.status().message());
    return Given{{}, file_variable, {}, false};
  }
  DropTrailingNewline(*content);
  if (content->empty()) {
    problems.Add(file_variable + " (" + source.name + "): " + *path + " is empty");
    return Given{{}, file_variable, {}, false};
  }
  return Given{std::move(*content), file_variable, {}};
}

std::optional<ConfigLoader::Given> ConfigLoader::Find(const ConfigKey& key, const Environment& file,
                                                      Problems& problems) const {
  const std::string file_name = "file " + env_file_.value_or("");
  const Source sources[] = {
      {"flag", &flags_, true}, {"environment", &environment_}, {file_name, &file}};
  for (const std::string& variable : {key.name, key.fallback}) {
    if (variable.empty()) continue;
    for (const Source& source : sources) {
      std::optional<Given> given = FindIn(source, variable, key.HasFileForm(), problems);
      if (!given) continue;
      given->origin = source.name;
      if (given->variable != key.name) given->origin.append(" ").append(given->variable);
      return given;
    }
  }
  return std::nullopt;
}

Result<LoadedConfig> ConfigLoader::Load() const {
  SATCHEL_RETURN_IF_ERROR(CheckUsage());
  Problems problems;
  const std::vector<EnvFileEntry> file_entries = ReadEnvFile(problems);
  Environment file;
  for (const EnvFileEntry& entry : file_entries) file.insert_or_assign(entry.key, entry.value);
  LoadedConfig loaded;
  std::set<std::string, std::less<>> given_keys;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::optional<Given> given = Find(key, file, problems);
    loaded.origins[key.name] = given ? given->origin : std::string(kDefaultOrigin);
    if (!given) {
      if (!key.default_is_derived) key.assign(loaded.config, key.default_text);
      continue;
    }
    // An empty flag takes back what environment or file say.
    if (!given->text.empty() || !given->readable) given_keys.insert(key.name);
    if (!given->readable || key.assign(loaded.config, given->text)) continue;
    problems.Add(key.name + " (" + given->origin + "): got " + Got(key, given->text) + ", takes " +
                 key.takes);
  }
  const auto is_given = [&](std::string_view key) { return given_keys.contains(key); };
  DeriveDefaults(loaded.config, is_given);
  for (std::string& conflict : FindConflicts(loaded.config, is_given)) {
    problems.Add(std::move(conflict));
  }
  const std::vector<std::string> suspects = FindSuspects(file_entries);
  if (!problems.empty()) {
    for (const std::string& suspect : suspects) problems.Add(suspect);
    return problems.ToStatus();
  }
  loaded.warnings = FindConcerns(loaded.config);
  loaded.warnings.insert(loaded.warnings.end(), suspects.begin(), suspects.end());
  for (const ConfigKey& key : ConfigKeys()) {
    const auto flag = flags_.find(key.name);
    if (key.secrecy != Secrecy::kSecret || flag == flags_.end()) continue;
    const bool path = key.name == "TLS_KEY" && !IsPemText(flag->second);
    if (!path) {
      loaded.warnings.push_back(key.Flag() +
                                " shows a secret to everyone who can list processes; "
                                "use the variable " +
                                key.name + " or " + key.Flag() + "-file");
    }
  }
  return loaded;
}

Result<Config> LoadConfig(const std::vector<std::string>& arguments,
                          const Environment& environment) {
  CLI::App command;
  command.set_help_flag();
  ConfigLoader loader(environment);
  loader.RegisterOptions(command);
  try {
    // CLI11 takes them from the back.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    command.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return Status(Reason::kInvalidField, error.what());
  }
  SATCHEL_ASSIGN_OR_RETURN(LoadedConfig loaded, loader.Load());
  return std::move(loaded.config);
}

}  // namespace satchel
