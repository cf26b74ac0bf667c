/// What the process tells its caller; 69 and 75 are EX_UNAVAILABLE and EX_TEMPFAIL of sysexits.h.
#pragma once

#include <string_view>

namespace satchel::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 69;
inline constexpr int kExitTryAgain = 75;

/// For --help.
inline constexpr std::string_view kExitCodesHelp =
    "Exit codes:\n"
    "  0   done\n"
    "  1   failed; also fsck that found something, and health of a server that is not serving\n"
    "  2   wrong usage\n"
    "  69  server or database not reached\n"
    "  75  temporary: the error says when to try again, or the time was up";

}  // namespace satchel::cli
