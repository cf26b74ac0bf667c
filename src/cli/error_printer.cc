#include "cli/error_printer.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/text_format.h"

namespace satchel::cli {
namespace {

std::string FormatSeconds(std::chrono::milliseconds duration) {
  if (duration.count() % 1000 == 0) return std::to_string(duration.count() / 1000) + " s";
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.1f s",
                                   static_cast<double>(duration.count()) / 1000);
  return std::string(text.data(), static_cast<std::size_t>(length));
}

}  // namespace

std::string FormatError(const CommandError& error) {
  std::string text = "error: ";
  if (!error.code.empty()) {
    text += EscapeControls(error.code);
    if (!error.reason.empty() && error.reason != error.code) {
      text += " " + EscapeControls(error.reason);
    }
    text += ": ";
  }
  text += EscapeControls(error.message) + "\n";
  for (const std::string& note : error.notes) text += "  " + EscapeControls(note) + "\n";
  for (const FieldViolation& violation : error.field_violations) {
    text += "  " + EscapeControls(violation.field) + ": " + EscapeControls(violation.message);
    if (!violation.rejected_value.empty()) {
      text += " (got \"" + EscapeControls(violation.rejected_value) + "\")";
    }
    text += "\n";
  }
  for (const auto& [key, value] : error.metadata) {
    text += "  " + EscapeControls(key) + ": " + EscapeControls(value) + "\n";
  }
  if (!error.resource.empty()) text += "  document: " + EscapeControls(error.resource) + "\n";
  if (error.retry_after) text += "  try again in " + FormatSeconds(*error.retry_after) + "\n";
  return text;
}

std::string FormatErrorJson(const CommandError& error) {
  nlohmann::ordered_json object;
  if (!error.code.empty()) object["code"] = error.code;
  if (!error.reason.empty()) object["reason"] = error.reason;
  object["message"] = error.message;
  if (!error.notes.empty()) object["notes"] = error.notes;
  for (const FieldViolation& violation : error.field_violations) {
    object["field_violations"].push_back({{"field", violation.field},
                                          {"message", violation.message},
                                          {"rejected_value", violation.rejected_value}});
  }
  if (!error.metadata.empty()) object["details"] = error.metadata;
  if (!error.resource.empty()) object["resource"] = error.resource;
  if (error.retry_after) {
    object["retry_after_seconds"] = static_cast<double>(error.retry_after->count()) / 1000;
  }
  const nlohmann::ordered_json line{{"error", object}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

int ReportError(const CommandError& error, CliEnvironment& environment) {
  environment.err << (environment.json ? FormatErrorJson(error) : FormatError(error));
  environment.err.flush();
  return error.exit_code;
}

}  // namespace satchel::cli
