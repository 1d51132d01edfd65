// SPDX-License-Identifier: Apache-2.0
#include "app/cli/memory.h"

#include <fstream>
#include <sstream>
#include <string>

namespace kvscope::cli {

std::optional<std::uint64_t> privateBytes() {
    std::ifstream status("/proc/self/status");
    std::uint64_t bytes = 0;
    bool found = false;
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("RssAnon:") && !line.starts_with("RssShmem:")) continue;
        std::istringstream fields(line);
        std::string name;
        std::uint64_t kib = 0;
        if (fields >> name >> kib) bytes += kib * 1024;
        found = true;
    }
    return found ? std::optional(bytes) : std::nullopt;
}

}  // namespace kvscope::cli
