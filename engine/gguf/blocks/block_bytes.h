// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "engine/base/half.h"

namespace kvscope::gguf {

/// A number at an address that need not be aligned.
template <typename T>
[[nodiscard]] T loadAt(const std::byte* at) {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
}
template <typename T>
void storeAt(std::byte* at, T value) {
    std::memcpy(at, &value, sizeof(T));
}
[[nodiscard]] inline float loadHalf(const std::byte* at) {
    return halfToFloat(loadAt<std::uint16_t>(at));
}
inline void storeHalf(std::byte* at, float value) {
    storeAt(at, floatToHalf(value));
}

[[nodiscard]] inline int byteAt(const std::byte* at) {
    return std::to_integer<int>(*at);
}
[[nodiscard]] inline int signedByteAt(const std::byte* at) {
    return loadAt<std::int8_t>(at);
}

/// Truncates towards zero into low..high; not a number becomes low. (The reference leaves such values undefined.)
[[nodiscard]] inline int truncateTo(float value, int low, int high) {
    if (!(value > static_cast<float>(low))) return low;
    if (value >= static_cast<float>(high)) return high;
    return static_cast<int>(value);
}

/// Calls decodeBlock(bytes of a block, its values) for every block.
template <std::size_t kValues, std::size_t kBytes, typename DecodeBlock>
void decodeEach(std::span<const std::byte> bytes, std::span<float> out, DecodeBlock decodeBlock) {
    for (std::size_t b = 0; b < out.size() / kValues; ++b) decodeBlock(&bytes[b * kBytes], &out[b * kValues]);
}

/// 1 / d, and 0 for a block of zeros.
[[nodiscard]] inline float inverseOrZero(float d) {
    return d != 0.0F ? 1.0F / d : 0.0F;
}

}  // namespace kvscope::gguf
