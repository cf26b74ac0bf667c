/// Makes this program's own writes and syncs fail, SQLite's among them.
#pragma once

#include <string>

namespace satchel {

/// While it lives, calls on files whose path ends with `suffix` fail with `error` (an errno value)
/// once `spared` of them have gone through. One at a time.
class IoFault {
 public:
  enum class Call { kWrite, kSync };

  IoFault(Call call, std::string suffix, int error, int spared = 0);
  ~IoFault();
  IoFault(const IoFault&) = delete;
  IoFault& operator=(const IoFault&) = delete;

  /// How many calls have failed.
  int failures() const;
};

}  // namespace satchel
