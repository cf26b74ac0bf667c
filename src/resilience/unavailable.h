/// Which errors say that a dependency could not be asked, and how to say so.
#pragma once

#include <string_view>

#include "base/status.h"
#include "ports/dependency_observer.h"

namespace satchel {

/// OBJECT_STORE_UNAVAILABLE or DATABASE_UNAVAILABLE.
Status Unavailable(Dependency dependency, std::string_view why);
/// Whether the dependency gave no answer, or a lost one. What it answered about itself (full, read
/// only, no right) is none of these: adapters then ask for a pause that leaves an operator time.
bool IsOutage(const Status& status);

/// Whether the dependency itself answered, and be it that it refuses. A caller that left or ran out
/// of time, or that we had no room for, says nothing about it.
bool IsAnswer(const Status& status);

/// Whether something could not be done now, for whatever reason, and may be another time.
bool IsAway(const Status& status);

}  // namespace satchel
