// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvscope::vulkan {

/// What the environment forces, so that fallbacks can be tested on any machine.
/// KVSCOPE_VK_DISABLE=subgroup,timestamps,unified  KVSCOPE_VK_LIMIT=range=1MiB,memory=64MiB
struct Environment {
    std::vector<std::string> disabled;
    std::optional<std::uint64_t> rangeLimit;   ///< caps maxStorageBufferRange
    std::optional<std::uint64_t> memoryLimit;  ///< caps the sum of device allocations

    static Environment read();
    [[nodiscard]] bool isDisabled(std::string_view feature) const;
};

/// "1MiB", "64KiB", "4096" to bytes; nothing when malformed.
[[nodiscard]] std::optional<std::uint64_t> parseBytes(std::string_view text);

}  // namespace kvscope::vulkan
