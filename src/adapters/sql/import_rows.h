/// Rows of `satchel_import`: which row of another program's table became which document.
#pragma once

#include "adapters/sql/sql_database.h"
#include "base/status.h"
#include "ports/document.h"
#include "ports/import_book.h"

namespace satchel {

/// DOCUMENT_ALREADY_EXISTS: the row is in the book already.
Status RecordImport(SqlConnection& connection, const SqlDialect& dialect, const SourceRow& row,
                    const Document& document);

}  // namespace satchel
