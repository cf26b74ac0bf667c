/// Two old databases may have one name, and so one part of the import book by mistake.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "core/legacy_import/import_session.h"
#include "ports/import_book.h"
#include "ports/legacy_source.h"

namespace satchel {

/// CONFIGURATION_INVALID when hardly any row of the table that was imported, going by its id, is
/// what was imported: most likely it was imported from another database. Reads as much of the table
/// as it takes to tell, in most cases its first rows.
Status CheckSameSource(const ImportSession& session, LegacySource& source, ImportBook& book,
                       std::int64_t file_size_max);

}  // namespace satchel
