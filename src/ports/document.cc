#include "ports/document.h"

#include "ports/object_key.h"

namespace satchel {

std::string_view NameOf(DocumentState state) {
  switch (state) {
    case DocumentState::kPending:
      return "PENDING";
    case DocumentState::kCompleted:
      return "COMPLETED";
    case DocumentState::kFailed:
      return "FAILED";
  }
  return "";
}

std::optional<DocumentState> ParseDocumentState(std::string_view name) {
  for (const DocumentState state :
       {DocumentState::kPending, DocumentState::kCompleted, DocumentState::kFailed}) {
    if (NameOf(state) == name) return state;
  }
  return std::nullopt;
}

std::string ObjectKey(const UserId& user, std::string_view category, std::string_view filename,
                      Timestamp created_at) {
  return KeyOfPath(DocumentPath(user, category, filename, created_at));
}

}  // namespace satchel
