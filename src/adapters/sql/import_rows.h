/// Rows of `satchel_import`: which row of another program's table became which document.
#pragma once

#include "adapters/sql/sql_connection.h"
#include "base/status.h"
#include "ports/document.h"
#include "ports/import_book.h"

namespace satchel {

/// DOCUMENT_ALREADY_EXISTS: the row is in the book already.
Status RecordImport(SqlConnection& connection, const SourceRow& row, const Document& document,
                    Timestamp now);

}  // namespace satchel
