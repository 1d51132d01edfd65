// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/base/error.h"

namespace kvscope::cli {

/// Files read from begin to end after the system was asked to drop its cached pages of them.
struct ColdRead {
    double seconds = 0;
    double cpuSeconds = 0;  ///< of them in this process and the system on its behalf
    std::uint64_t bytes = 0;
    double residentShare = 0;  ///< of the pages, what was in memory all the same when reading began
};

/// Reads the files and drops their pages again, so that whoever opens them next finds them as cold. Errors: Io.
[[nodiscard]] Result<ColdRead> coldRead(const std::vector<std::filesystem::path>& files);

}  // namespace kvscope::cli
