/// Takes links and credentials out of texts before they are logged. The last line of defence: who
/// logs should not pass them in the first place.
#pragma once

#include <string>
#include <string_view>

namespace satchel {

/// `text` with every URL cut down to `scheme://host/...` (no user, password, path and query), and
/// with `***` for the value of `password=`, `secret=`, `signature=` and the like.
std::string Redact(std::string_view text);

/// Whether Redact() could change `text`; cheap, for texts that are logged often.
bool MayNeedRedaction(std::string_view text);

}  // namespace satchel
