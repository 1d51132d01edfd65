// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "engine/gguf/blocks/block_bytes.h"

namespace kvscope::gguf {

/// Scales and minima of the eight groups of 32 values of Q4_K and Q5_K.
struct GroupScales {
    std::array<int, 8> scale;
    std::array<int, 8> minimum;
};

/// From twelve bytes of 6-bit numbers: those of groups 0..3 lie in the low six bits of bytes 0..3 (scales) and 4..7
/// (minima); of groups 4..7 the low four bits are the nibbles of bytes 8..11 and the rest the spare bits before.
[[nodiscard]] inline GroupScales unpackGroupScales(const std::byte* packed) {
    GroupScales result{};
    for (std::size_t g = 0; g < 4; ++g) {
        const int first = byteAt(packed + g);
        const int second = byteAt(packed + g + 4);
        const int both = byteAt(packed + g + 8);
        result.scale[g] = first & 63;
        result.minimum[g] = second & 63;
        result.scale[g + 4] = (both & 15) | first >> 6 << 4;
        result.minimum[g + 4] = both >> 4 | second >> 6 << 4;
    }
    return result;
}

}  // namespace kvscope::gguf
