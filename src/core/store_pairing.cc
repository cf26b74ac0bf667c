#include "core/store_pairing.h"

#include <optional>
#include <string>
#include <utility>

namespace satchel {
namespace {

/// What each side says of itself.
struct Pairing {
  std::optional<StoreId> database;
  std::optional<StoreId> store;
};

Result<Pairing> ReadPairing(const CallContext& call, MetadataStore& metadata,
                            ObjectStore& objects) {
  Pairing pairing;
  SATCHEL_ASSIGN_OR_RETURN(pairing.database, metadata.ReadStoreId(call));
  SATCHEL_ASSIGN_OR_RETURN(pairing.store, objects.ReadStoreId(call));
  return pairing;
}

std::string Describe(const std::optional<StoreId>& id) {
  return id ? "is paired as " + id->value() : "is not paired";
}

Status NotPaired(const Pairing& pairing, const std::string& why) {
  return ConfigurationError("the database and the object store do not belong together: " + why +
                            " (the database " + Describe(pairing.database) + ", the object store " +
                            Describe(pairing.store) +
                            "); check the addresses and folders, or restore the missing one "
                            "from a backup");
}

Result<bool> HoldsVersions(const CallContext& call, ObjectStore& objects) {
  std::string cursor;
  do {
    SATCHEL_ASSIGN_OR_RETURN(StoredVersionPage page, objects.ListVersions(call, cursor));
    if (!page.versions.empty()) return true;
    cursor = std::move(page.next_cursor);
  } while (!cursor.empty());
  return false;
}

/// Only where nothing can be lost: an id that one side lacks may be the sign of a wrong address.
Status CheckBothEmpty(const CallContext& call, const Pairing& pairing, MetadataStore& metadata,
                      ObjectStore& objects) {
  SATCHEL_ASSIGN_OR_RETURN(const bool database_in_use, metadata.HasDocuments(call));
  SATCHEL_ASSIGN_OR_RETURN(const bool store_in_use, HoldsVersions(call, objects));
  if (database_in_use && store_in_use) {
    return NotPaired(pairing, "both hold documents, but share no id");
  }
  if (database_in_use) {
    return NotPaired(pairing, "the database knows documents, but the object store is empty");
  }
  if (store_in_use) {
    return NotPaired(pairing, "the object store holds documents, but the database knows none");
  }
  return {};
}

/// Writes an id unless there is one by now; a rival's id, or a write whose answer was lost, counts.
template <typename Side>
Result<StoreId> Settle(const CallContext& call, Side& side, const StoreId& id) {
  const Status written = side.WriteStoreId(call, id);
  SATCHEL_ASSIGN_OR_RETURN(const std::optional<StoreId> now, side.ReadStoreId(call));
  if (now) return *now;
  if (!written.ok()) return written;
  return InternalError("an id was written, but cannot be read back");
}

}  // namespace

Result<StoreId> PairStores(const CallContext& call, MetadataStore& metadata, ObjectStore& objects,
                           IdGenerator& ids) {
  SATCHEL_ASSIGN_OR_RETURN(Pairing pairing, ReadPairing(call, metadata, objects));
  if (!pairing.database || !pairing.store) {
    SATCHEL_RETURN_IF_ERROR(CheckBothEmpty(call, pairing, metadata, objects));
    // The database decides between replicas that start at once; the store follows it. A crash in
    // between leaves one id with both sides empty, from which the next start goes on.
    if (!pairing.database) {
      const StoreId proposed = pairing.store ? *pairing.store : StoreId(ids.RandomHex());
      SATCHEL_ASSIGN_OR_RETURN(pairing.database, Settle(call, metadata, proposed));
    }
    if (!pairing.store) {
      SATCHEL_ASSIGN_OR_RETURN(pairing.store, Settle(call, objects, *pairing.database));
    }
  }
  if (*pairing.database != *pairing.store) return NotPaired(pairing, "their ids differ");
  return *std::move(pairing.database);
}

Status CheckPairing(const CallContext& call, MetadataStore& metadata, ObjectStore& objects) {
  SATCHEL_ASSIGN_OR_RETURN(const Pairing pairing, ReadPairing(call, metadata, objects));
  if (!pairing.database || !pairing.store) return NotPaired(pairing, "an id is missing");
  if (*pairing.database != *pairing.store) return NotPaired(pairing, "their ids differ");
  return {};
}

}  // namespace satchel
