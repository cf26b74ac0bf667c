#include "ports/call_observer.h"

namespace satchel {

std::string_view NameOf(Operation operation) {
  switch (operation) {
    case Operation::kUpload:
      return "upload";
    case Operation::kDownload:
      return "download";
    case Operation::kDelete:
      return "delete";
    case Operation::kList:
      return "list";
    case Operation::kUrl:
      return "url";
    case Operation::kUsage:
      return "usage";
  }
  return "";
}

}  // namespace satchel
