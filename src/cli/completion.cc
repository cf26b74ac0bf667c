#include "cli/completion.h"

#include <string_view>

namespace satchel::cli {
namespace {

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

bool NamesFile(const std::string& type) {
  return type.find("FILE") != std::string::npos || type.find("DIR") != std::string::npos ||
         type.find("PATH") != std::string::npos;
}

// CLI11 shows the members of a choice in the type: "TEXT:{bash,zsh,fish}".
std::vector<std::string> Choices(const std::string& type) {
  std::vector<std::string> choices;
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return choices;
  std::string choice;
  for (const char c : type.substr(open + 1, close - open - 1) + ",") {
    if (c != ',') {
      choice += c;
    } else if (!choice.empty()) {
      choices.push_back(choice);
      choice.clear();
    }
  }
  return choices;
}

void DescribeOption(const CLI::Option& option, CompletionCommand* command) {
  const std::string type = option.get_type_name();
  if (option.get_positional()) {
    command->takes_file =
        command->takes_file || NamesFile(type) || NamesFile(option.get_name(true));
    for (std::string& choice : Choices(type)) command->words.push_back(std::move(choice));
    return;
  }
  CompletionOption described;
  for (const std::string& name : option.get_lnames()) described.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) described.names.push_back("-" + name);
  described.description = option.get_description();
  described.takes_value = option.get_items_expected_max() > 0;
  described.takes_file = described.takes_value && NamesFile(type);
  command->options.push_back(std::move(described));
}

// A group of "" hides a command or an option from help, and so from completion.
void Describe(const CLI::App& app, const std::vector<std::string>& path,
              std::vector<CompletionCommand>* commands) {
  CompletionCommand command;
  command.path = path;
  command.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) DescribeOption(*option, &command);
  }
  const std::vector<const CLI::App*> children =
      app.get_subcommands([](const CLI::App* child) { return !child->get_group().empty(); });
  for (const CLI::App* child : children) command.words.push_back(child->get_name());
  commands->push_back(std::move(command));
  for (const CLI::App* child : children) {
    std::vector<std::string> child_path = path;
    child_path.push_back(child->get_name());
    Describe(*child, child_path, commands);
  }
}

// The patterns "PATH:WORD" of all options that take a value (or only of those that take a file),
// separated the way all three shells separate patterns. "" when there are none.
std::string OptionPatterns(const std::vector<CompletionCommand>& commands, bool files_only,
                           std::string_view separator) {
  std::vector<std::string> patterns;
  for (const CompletionCommand& command : commands) {
    for (const CompletionOption& option : command.options) {
      if (files_only ? !option.takes_file : !option.takes_value) continue;
      for (const std::string& name : option.names) {
        patterns.push_back("'" + Join(command.path, " ") + ":" + name + "'");
      }
    }
  }
  return Join(patterns, separator);
}

// "PATH:WORD" of the word that leads to this command from the one above it.
std::string StepPattern(const CompletionCommand& command) {
  std::vector<std::string> parent(command.path.begin(), command.path.end() - 1);
  return "'" + Join(parent, " ") + ":" + command.path.back() + "'";
}

std::string OptionNames(const CompletionCommand& command) {
  std::vector<std::string> names;
  for (const CompletionOption& option : command.options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return Join(names, " ");
}

std::string Replaced(std::string_view text, char what, std::string_view by) {
  std::string result;
  for (const char c : text) {
    if (c == what) {
      result += by;
    } else {
      result += c;
    }
  }
  return result;
}

// A description within single quotes of bash and zsh; a colon would end a name for zsh.
std::string ZshText(std::string_view text) {
  return Replaced(Replaced(text, ':', "\\:"), '\'', "'\\''");
}

std::string FishText(std::string_view text) {
  return Replaced(Replaced(text, '\\', "\\\\"), '\'', "\\'");
}

std::string DescriptionOf(const std::vector<CompletionCommand>& commands,
                          const std::vector<std::string>& parent, const std::string& word) {
  std::vector<std::string> path = parent;
  path.push_back(word);
  for (const CompletionCommand& command : commands) {
    if (command.path == path) return command.description;
  }
  return {};
}

}  // namespace

std::vector<CompletionCommand> DescribeCommands(const CLI::App& app) {
  std::vector<CompletionCommand> commands;
  Describe(app, {}, &commands);
  return commands;
}

// Each script first finds the command that the words before the cursor lead to, stepping over the
// values of options, and then offers what goes there.

std::string BashCompletion(const std::string& program,
                           const std::vector<CompletionCommand>& commands) {
  std::string script = "# bash completion for " + program + ": source <(" + program +
                       " completion bash)\n_" + program + "() {\n";
  script +=
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD - 1]}\"\n"
      "  local at='' options='' words='' files='' i\n"
      "  # bash makes three words of --option=value.\n"
      "  if [[ $current == = ]]; then\n"
      "    current=''\n"
      "  elif [[ $previous == = ]]; then\n"
      "    previous=\"${COMP_WORDS[COMP_CWORD - 2]}\"\n"
      "  fi\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$at:${COMP_WORDS[i]}\" in\n";
  for (const CompletionCommand& command : commands) {
    if (command.path.empty()) continue;
    script += "      " + StepPattern(command) + ") at='" + Join(command.path, " ") + "' ;;\n";
  }
  script += "      " + OptionPatterns(commands, false, " | ") +
            ")\n"
            "        [[ ${COMP_WORDS[i + 1]} != = ]] || ((i += 1))\n"
            "        ((i += 1)) ;;\n"
            "    esac\n"
            "  done\n"
            "  case \"$at:$previous\" in\n";
  if (const std::string patterns = OptionPatterns(commands, true, " | "); !patterns.empty()) {
    script += "    " + patterns + ") files=yes ;;\n";
  }
  script += "    " + OptionPatterns(commands, false, " | ") +
            ") return ;;\n"
            "    *)\n"
            "      case \"$at\" in\n";
  for (const CompletionCommand& command : commands) {
    script += "        '" + Join(command.path, " ") + "') options='" + OptionNames(command) +
              "' words='" + Join(command.words, " ") +
              "' files=" + (command.takes_file ? "yes" : "''") + " ;;\n";
  }
  script +=
      "      esac ;;\n"
      "  esac\n"
      "  if [[ $current == -* ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
      "  elif [[ $files == yes ]]; then\n"
      "    compopt -o filenames 2>/dev/null\n"
      "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
      "  else\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "  fi\n"
      "}\n";
  return script + "complete -F _" + program + " " + program + "\n";
}

std::string ZshCompletion(const std::string& program,
                          const std::vector<CompletionCommand>& commands) {
  std::string script = "#compdef " + program + "\n# zsh completion for " + program + ": source <(" +
                       program + " completion zsh)\n_" + program + "() {\n";
  script +=
      "  local at=''\n"
      "  local -i i\n"
      "  local -a options choices\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    case \"$at:${words[i]}\" in\n";
  for (const CompletionCommand& command : commands) {
    if (command.path.empty()) continue;
    script += "      " + StepPattern(command) + ") at='" + Join(command.path, " ") + "' ;;\n";
  }
  script += "      " + OptionPatterns(commands, false, " | ") +
            ") ((i += 1)) ;;\n"
            "    esac\n"
            "  done\n"
            "  case \"$at:${words[CURRENT - 1]}\" in\n";
  if (const std::string patterns = OptionPatterns(commands, true, " | "); !patterns.empty()) {
    script += "    " + patterns + ") _files; return ;;\n";
  }
  script += "    " + OptionPatterns(commands, false, " | ") +
            ") return 1 ;;\n"
            "  esac\n"
            "  case \"$at\" in\n";
  for (const CompletionCommand& command : commands) {
    script += "    '" + Join(command.path, " ") + "')\n      options=(\n";
    for (const CompletionOption& option : command.options) {
      for (const std::string& name : option.names) {
        script += "        '" + name + ":" + ZshText(option.description) + "'\n";
      }
    }
    script += "      )\n      choices=(\n";
    for (const std::string& word : command.words) {
      const std::string description = DescriptionOf(commands, command.path, word);
      script +=
          "        '" + word + (description.empty() ? "" : ":" + ZshText(description)) + "'\n";
    }
    script += "      )\n";
    if (command.takes_file) script += "      [[ $PREFIX == -* ]] || _files\n";
    script += "      ;;\n";
  }
  script +=
      "  esac\n"
      "  [[ $PREFIX != -* ]] || _describe -o option options\n"
      "  [[ $PREFIX == -* ]] || (( ! ${#choices} )) || _describe command choices\n"
      "}\n";
  // Read as a file of $fpath the script is the function's body; sourced it has to register itself.
  return script + "if [[ ${funcstack[1]} == _" + program + " ]]; then\n  _" + program +
         " \"$@\"\nelse\n  compdef _" + program + " " + program + "\nfi\n";
}

std::string FishCompletion(const std::string& program,
                           const std::vector<CompletionCommand>& commands) {
  const std::string at_function = "__" + program + "_at";
  std::string script = "# fish completion for " + program + ": " + program +
                       " completion fish | source\nfunction " + at_function + "\n";
  script +=
      "  set -l at ''\n"
      "  set -l skip no\n"
      "  set -l before (commandline -opc)\n"
      "  for word in $before[2..]\n"
      "    if test $skip = yes\n"
      "      set skip no\n"
      "      continue\n"
      "    end\n"
      "    switch \"$at:$word\"\n";
  for (const CompletionCommand& command : commands) {
    if (command.path.empty()) continue;
    script += "      case " + StepPattern(command) + "\n        set at '" +
              Join(command.path, " ") + "'\n";
  }
  script += "      case " + OptionPatterns(commands, false, " ") +
            "\n"
            "        set skip yes\n"
            "    end\n"
            "  end\n"
            "  test \"$at\" = \"$argv[1]\"\n"
            "end\n";
  for (const CompletionCommand& command : commands) {
    const std::string line =
        "complete -c " + program + " -n '" + at_function + " \"" + Join(command.path, " ") + "\"' ";
    script += line + (command.takes_file ? "-F\n" : "-f\n");
    for (const std::string& word : command.words) {
      const std::string description = DescriptionOf(commands, command.path, word);
      script += line + "-a " + word +
                (description.empty() ? "" : " -d '" + FishText(description) + "'") + "\n";
    }
    for (const CompletionOption& option : command.options) {
      script += line;
      for (const std::string& name : option.names) {
        script +=
            name.starts_with("--") ? "-l " + name.substr(2) + " " : "-s " + name.substr(1) + " ";
      }
      script += option.takes_file ? "-r -F " : option.takes_value ? "-x " : "";
      script += "-d '" + FishText(option.description) + "'\n";
    }
  }
  return script;
}

}  // namespace satchel::cli
