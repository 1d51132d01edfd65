// SPDX-License-Identifier: Apache-2.0
// Q4_1: f16 d; f16 m; 16 bytes of nibbles, low ones first. x = nibble * d + m.
#include <algorithm>
#include <cmath>

#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

constexpr std::size_t kValues = 32;
constexpr std::size_t kBytes = 20;

void decodeBlock(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    const float m = loadHalf(block + 2);
    for (std::size_t j = 0; j < 16; ++j) {
        const int pair = byteAt(block + 4 + j);
        out[j] = static_cast<float>(pair & 15) * d + m;
        out[j + 16] = static_cast<float>(pair >> 4) * d + m;
    }
}

void encodeBlock(const float* values, std::byte* block) {
    const auto [low, high] = std::minmax_element(values, values + kValues);
    const float m = *low;
    const float d = (*high - m) / 15.0F;
    const float inverse = inverseOrZero(d);
    storeHalf(block, d);
    storeHalf(block + 2, m);
    for (std::size_t j = 0; j < 16; ++j) {
        const int first = truncateTo((values[j] - m) * inverse + 0.5F, 0, 15);
        const int second = truncateTo((values[j + 16] - m) * inverse + 0.5F, 0, 15);
        block[4 + j] = static_cast<std::byte>(first | second << 4);
    }
}

}  // namespace

void decodeQ4_1(std::span<const std::byte> bytes, std::span<float> out) {
    for (std::size_t b = 0; b < out.size() / kValues; ++b) decodeBlock(&bytes[b * kBytes], &out[b * kValues]);
}

void encodeQ4_1(std::span<const float> values, std::span<std::byte> out) {
    for (std::size_t b = 0; b < values.size() / kValues; ++b) encodeBlock(&values[b * kValues], &out[b * kBytes]);
}

}  // namespace kvscope::gguf
