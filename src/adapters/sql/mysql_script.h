/// Files of SQL as MySQL's clients read them.
#pragma once

#include <string_view>
#include <vector>

namespace satchel {

/// The statements of `script` without their semicolons, in order. A semicolon in a string, a quoted
/// name or a comment ends nothing; comments that the server executes (`/*! */`, `/*M! */`) stay,
/// and so do those inside a statement. What holds no SQL is no statement. The views point into
/// `script`.
std::vector<std::string_view> SplitMysqlScript(std::string_view script);

}  // namespace satchel
