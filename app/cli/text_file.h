// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/error.h"

namespace kvscope::cli {

/// All bytes of an input file, "-" = standard input. BadFile (exit code 3) when it cannot be read.
[[nodiscard]] Result<std::string> readTextFile(const std::filesystem::path& path);

/// The same error with a kind that leads to exit code 3: what the system refuses about an input file is the file's
/// fault.
[[nodiscard]] Error asInputError(Error error);

}  // namespace kvscope::cli
