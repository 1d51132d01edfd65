// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace kvscope::gguf {

/// Eight signs from seven bits: the eighth makes the number of set bits even. A set bit is a minus.
[[nodiscard]] inline std::uint32_t evenSigns(std::uint32_t code) {
    const std::uint32_t seven = code & 127U;
    return seven | static_cast<std::uint32_t>(std::popcount(seven) & 1) << 7U;
}

[[nodiscard]] inline float signOf(std::uint32_t signs, std::uint32_t index) {
    return (signs >> index & 1U) != 0 ? -1.0F : 1.0F;
}

}  // namespace kvscope::gguf
