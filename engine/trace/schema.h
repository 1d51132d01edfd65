// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace kvscope::trace {

/// The page SCHEMA.md: every table and column of a .kvtrace with unit and meaning. A test holds the file to it.
[[nodiscard]] std::string schemaMarkdown();

}  // namespace kvscope::trace
