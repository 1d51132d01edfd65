// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "engine/base/error.h"

namespace kvscope::cli {

/// A file of the bundled resources ("models/kjv-gqa-q8_0.gguf"): in the folder of the environment variable
/// KVSCOPE_RESOURCE_DIR, beside the program, in the installed data folder, or in the source tree. Io when it is
/// nowhere.
[[nodiscard]] Result<std::filesystem::path> findResource(const std::filesystem::path& name);

}  // namespace kvscope::cli
