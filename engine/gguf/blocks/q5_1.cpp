// SPDX-License-Identifier: Apache-2.0
// Q5_1: f16 d; f16 m; u32 of fifth bits; 16 bytes of nibbles, low ones first. x = (nibble + 16 * bit) * d + m.
#include <algorithm>
#include <cmath>

#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

constexpr std::size_t kValues = 32;
constexpr std::size_t kBytes = 24;

void decodeBlock(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    const float m = loadHalf(block + 2);
    const auto fifth = loadAt<std::uint32_t>(block + 4);
    for (std::size_t j = 0; j < 16; ++j) {
        const int pair = byteAt(block + 8 + j);
        const int low = (pair & 15) | static_cast<int>((fifth >> j & 1U) << 4U);
        const int high = pair >> 4 | static_cast<int>((fifth >> (j + 16) & 1U) << 4U);
        out[j] = static_cast<float>(low) * d + m;
        out[j + 16] = static_cast<float>(high) * d + m;
    }
}

/// Nibbles to `nibbles`, fifth bits to the four bytes at `bits`.
void storeFiveBits(std::byte* bits, std::byte* nibbles, const std::array<unsigned, kValues>& q) {
    std::uint32_t fifth = 0;
    for (std::size_t j = 0; j < 16; ++j) {
        nibbles[j] = static_cast<std::byte>((q[j] & 15U) | (q[j + 16] & 15U) << 4U);
        fifth |= (q[j] >> 4U) << j | (q[j + 16] >> 4U) << (j + 16);
    }
    storeAt(bits, fifth);
}

void encodeBlock(const float* values, std::byte* block) {
    const auto [low, high] = std::minmax_element(values, values + kValues);
    const float m = *low;
    const float d = (*high - m) / 31.0F;
    const float inverse = inverseOrZero(d);
    storeHalf(block, d);
    storeHalf(block + 2, m);
    std::array<unsigned, kValues> q{};
    for (std::size_t i = 0; i < kValues; ++i) {
        q[i] = static_cast<unsigned>(truncateTo((values[i] - m) * inverse + 0.5F, 0, 31));
    }
    storeFiveBits(block + 4, block + 8, q);
}

}  // namespace

void decodeQ5_1(std::span<const std::byte> bytes, std::span<float> out) {
    for (std::size_t b = 0; b < out.size() / kValues; ++b) decodeBlock(&bytes[b * kBytes], &out[b * kValues]);
}

void encodeQ5_1(std::span<const float> values, std::span<std::byte> out) {
    for (std::size_t b = 0; b < values.size() / kValues; ++b) encodeBlock(&values[b * kValues], &out[b * kBytes]);
}

}  // namespace kvscope::gguf
