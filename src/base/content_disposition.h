/// The file name that a browser saves a document under.
#pragma once

#include <string>
#include <string_view>

namespace satchel {

/// A Content-Disposition (RFC 6266) that asks for saving, with the name twice: for old clients as
/// ASCII, where `_` stands for each other character, and whole as RFC 8187 has it. Whatever bytes
/// `filename` holds, the result is printable ASCII and neither a quote nor a header breaks.
std::string AttachmentDisposition(std::string_view filename);

}  // namespace satchel
