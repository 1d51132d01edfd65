// SPDX-License-Identifier: Apache-2.0
// Q4_0: f16 d; 16 bytes of nibbles, low ones first. x = (nibble - 8) * d.
#include <algorithm>
#include <cmath>

#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

constexpr std::size_t kValues = 32;
constexpr std::size_t kBytes = 18;

void decodeBlock(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (std::size_t j = 0; j < 16; ++j) {
        const int pair = byteAt(block + 2 + j);
        out[j] = static_cast<float>((pair & 15) - 8) * d;
        out[j + 16] = static_cast<float>((pair >> 4) - 8) * d;
    }
}

/// The value of largest magnitude, with its sign; the first of equals.
float signedExtreme(const float* values) {
    float extreme = 0.0F;
    for (std::size_t i = 0; i < kValues; ++i) {
        if (std::abs(values[i]) > std::abs(extreme)) extreme = values[i];
    }
    return extreme;
}

void encodeBlock(const float* values, std::byte* block) {
    const float d = signedExtreme(values) / -8.0F;
    const float inverse = inverseOrZero(d);
    storeHalf(block, d);
    for (std::size_t j = 0; j < 16; ++j) {
        const int low = truncateTo(values[j] * inverse + 8.5F, 0, 15);
        const int high = truncateTo(values[j + 16] * inverse + 8.5F, 0, 15);
        block[2 + j] = static_cast<std::byte>(low | high << 4);
    }
}

}  // namespace

void decodeQ4_0(std::span<const std::byte> bytes, std::span<float> out) {
    for (std::size_t b = 0; b < out.size() / kValues; ++b) decodeBlock(&bytes[b * kBytes], &out[b * kValues]);
}

void encodeQ4_0(std::span<const float> values, std::span<std::byte> out) {
    for (std::size_t b = 0; b < values.size() / kValues; ++b) encodeBlock(&values[b * kValues], &out[b * kBytes]);
}

}  // namespace kvscope::gguf
