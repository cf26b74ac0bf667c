/// Where the documents that links name come from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/call_context.h"
#include "base/status.h"
#include "ports/document.h"
#include "ports/object_store.h"

namespace satchel {

/// Thread-safe; both methods block.
class LinkedDocumentSource {
 public:
  virtual ~LinkedDocumentSource() = default;
  /// The COMPLETED document with this id, whoever owns it; nullopt: there is none.
  virtual Result<std::optional<Document>> Resolve(const CallContext& call,
                                                  const DocumentId& id) = 0;
  /// Its bytes from `offset` on; holds nullptr when the store does not have them.
  virtual Result<std::unique_ptr<ObjectReader>> Open(const CallContext& call,
                                                     const Document& document,
                                                     std::int64_t offset) = 0;
};

}  // namespace satchel
