/// Descriptors 0, 1 and 2 of the process.
#pragma once

namespace satchel {

/// Before anything is opened: where the parent has closed standard input, output or error, puts
/// something there whose use fails. Otherwise the next file or socket gets the number, and log
/// lines or output end up in it, which may be a document.
void OccupyStandardStreams();

}  // namespace satchel
