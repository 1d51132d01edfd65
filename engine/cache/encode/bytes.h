// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/half.h"

namespace kvscope::cache {

/// Writes a half in little-endian order at `bytes[at]`.
inline void putHalf(std::span<std::byte> bytes, std::size_t at, std::uint16_t half) {
    bytes[at] = static_cast<std::byte>(half & 0xFFU);
    bytes[at + 1] = static_cast<std::byte>(half >> 8U);
}

[[nodiscard]] inline std::uint16_t getHalf(std::span<const std::byte> bytes, std::size_t at) {
    const unsigned low = std::to_integer<unsigned>(bytes[at]);
    const unsigned high = std::to_integer<unsigned>(bytes[at + 1]);
    return static_cast<std::uint16_t>(low | (high << 8U));
}

/// A float of a defined integer range as an integer; NaN gives `low`, so that no input is undefined.
[[nodiscard]] inline int clampToInt(float value, int low, int high) {
    if (!(value > static_cast<float>(low))) return low;
    if (value >= static_cast<float>(high)) return high;
    return static_cast<int>(value);
}

/// Largest error of rounding |x| <= maximum to a half: half a unit in the last place, subnormals included.
[[nodiscard]] inline double halfRoundingError(double maximum) {
    return std::max(maximum * 0x1p-11, 0x1p-25);
}

}  // namespace kvscope::cache
