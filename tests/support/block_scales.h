// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/gguf/tensor_type.h"

namespace kvscope::test {

/// Writes a half-precision number at every place of a block where its type has a scale of that kind (architectures.md
/// 16.1), so that random blocks have values of a known size. Nothing for types whose scales are of another kind.
inline void setBlockScales(const gguf::TensorTypeInfo& info, std::span<std::byte> block, std::uint16_t half) {
    struct Places {
        std::string_view type;
        std::size_t count;
        std::array<std::size_t, 2> at;
    };
    constexpr std::array kPlaces{
        Places{"Q4_0", 1, {0}},    Places{"Q4_1", 2, {0, 2}},   Places{"Q5_0", 1, {0}},    Places{"Q5_1", 2, {0, 2}},
        Places{"Q8_0", 1, {0}},    Places{"Q2_K", 2, {80, 82}}, Places{"Q3_K", 1, {108}},  Places{"Q4_K", 2, {0, 2}},
        Places{"Q5_K", 2, {0, 2}}, Places{"Q6_K", 1, {208}},    Places{"IQ1_S", 1, {0}},   Places{"IQ2_XXS", 1, {0}},
        Places{"IQ2_XS", 1, {0}},  Places{"IQ2_S", 1, {0}},     Places{"IQ3_XXS", 1, {0}}, Places{"IQ3_S", 1, {0}},
        Places{"IQ4_NL", 1, {0}},  Places{"IQ4_XS", 1, {0}},    Places{"TQ1_0", 1, {52}},  Places{"TQ2_0", 1, {64}},
        Places{"Q1_0", 1, {0}},    Places{"Q2_0", 1, {0}},
    };
    if (info.name == "IQ1_M") {  // a nibble in each of four 16-bit numbers
        for (std::size_t part = 0; part < 4; ++part) {
            std::byte& upper = block[49 + 2 * part];
            upper = (upper & std::byte{15}) | static_cast<std::byte>((half >> (4 * part) & 15) << 4);
        }
        return;
    }
    const auto* found = std::ranges::find(kPlaces, info.name, &Places::type);
    if (found == kPlaces.end()) return;
    for (std::size_t i = 0; i < found->count; ++i) {
        block[found->at.at(i)] = static_cast<std::byte>(half & 0xFF);
        block[found->at.at(i) + 1] = static_cast<std::byte>(half >> 8);
    }
}

}  // namespace kvscope::test
