// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/weight_arrange.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace kvscope::kernels {

namespace {

constexpr std::size_t kRuns = 8;  ///< of 32 values in a block of 256
using Values = std::array<std::uint8_t, kRuns * 32>;

void putNibbles(const Values& values, std::byte* to) {
    for (std::size_t run = 0; run < kRuns; ++run) {
        const std::uint8_t* v = values.data() + run * 32;
        for (std::size_t j = 0; j < 16; ++j) {
            to[run * 16 + j] = static_cast<std::byte>((v[j] & 15U) | static_cast<unsigned>(v[16 + j] & 15U) << 4U);
        }
    }
}

/// Pairs of groups share 32 bytes: the first in the low nibbles, the second in the high ones.
Values nibblesOfGroupPairs(const std::byte* from) {
    Values values{};
    for (std::size_t i = 0; i < 128; ++i) {
        const std::size_t pair = i / 32;
        const auto byte = std::to_integer<unsigned>(from[i]);
        values[pair * 64 + i % 32] = static_cast<std::uint8_t>(byte & 15U);
        values[pair * 64 + 32 + i % 32] = static_cast<std::uint8_t>(byte >> 4U);
    }
    return values;
}

}  // namespace

void arrangeQ4_K(std::byte* block) {
    constexpr std::size_t kNibbles = 16;
    putNibbles(nibblesOfGroupPairs(block + kNibbles), block + kNibbles);
}

void arrangeQ5_K(std::byte* block) {
    constexpr std::size_t kFifth = 16;
    constexpr std::size_t kNibbles = 48;
    putNibbles(nibblesOfGroupPairs(block + kNibbles), block + kNibbles);
    std::array<std::uint32_t, kRuns> words{};
    for (std::size_t i = 0; i < 32; ++i) {
        const auto byte = std::to_integer<std::uint32_t>(block[kFifth + i]);
        for (std::size_t group = 0; group < kRuns; ++group) {
            words.at(group) |= (byte >> group & 1U) << (8 * (i % 4) + i / 4);
        }
    }
    std::memcpy(block + kFifth, words.data(), sizeof(words));
}

void arrangeQ6_K(std::byte* block) {
    constexpr std::size_t kUpper = 128;
    Values low{};
    Values high{};
    for (std::size_t half = 0; half < 2; ++half) {
        for (std::size_t i = 0; i < 32; ++i) {
            const auto upper = std::to_integer<unsigned>(block[kUpper + half * 32 + i]);
            for (std::size_t quarter = 0; quarter < 4; ++quarter) {
                const auto byte = std::to_integer<unsigned>(block[half * 64 + quarter % 2 * 32 + i]);
                const std::size_t at = half * 128 + quarter * 32 + i;
                low.at(at) = static_cast<std::uint8_t>(quarter < 2 ? byte & 15U : byte >> 4U);
                high.at(at) = static_cast<std::uint8_t>(upper >> (2 * quarter) & 3U);
            }
        }
    }
    putNibbles(low, block);
    std::array<std::uint32_t, 2 * kRuns> words{};
    for (std::size_t v = 0; v < high.size(); ++v) {
        const std::size_t quad = v % 32 / 4;
        words.at(v / 32 * 2 + quad / 4) |= static_cast<std::uint32_t>(high[v]) << (8 * (v % 4) + 2 * (quad % 4));
    }
    std::memcpy(block + kUpper, words.data(), sizeof(words));
}

}  // namespace kvscope::kernels
