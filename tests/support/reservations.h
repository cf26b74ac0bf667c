/// What a reservation is to who asked for it.
#pragma once

#include "ports/metadata_store.h"

namespace satchel {

/// What Complete() wants to know of the row, without asking the store for it.
inline Document ReservedBy(const ReserveRequest& request) {
  Document document;
  document.id = request.id;
  document.attempt = request.attempt;
  document.user = request.user;
  document.size = request.size;
  return document;
}

}  // namespace satchel
