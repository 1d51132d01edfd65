// SPDX-License-Identifier: Apache-2.0
// Q8_0: f16 d; 32 signed bytes. x = q * d.
#include <algorithm>
#include <cmath>

#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

constexpr std::size_t kValues = 32;
constexpr std::size_t kBytes = 34;

void decodeBlock(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (std::size_t i = 0; i < kValues; ++i) out[i] = static_cast<float>(signedByteAt(block + 2 + i)) * d;
}

void encodeBlock(const float* values, std::byte* block) {
    float extreme = 0.0F;
    for (std::size_t i = 0; i < kValues; ++i) extreme = std::max(extreme, std::abs(values[i]));
    const float d = extreme / 127.0F;
    const float inverse = inverseOrZero(d);
    storeHalf(block, d);
    for (std::size_t i = 0; i < kValues; ++i) {
        // halves are rounded away from zero
        const int q = truncateTo(std::round(values[i] * inverse), -128, 127);
        block[2 + i] = static_cast<std::byte>(q);
    }
}

}  // namespace

void decodeQ8_0(std::span<const std::byte> bytes, std::span<float> out) {
    for (std::size_t b = 0; b < out.size() / kValues; ++b) decodeBlock(&bytes[b * kBytes], &out[b * kValues]);
}

void encodeQ8_0(std::span<const float> values, std::span<std::byte> out) {
    for (std::size_t b = 0; b < values.size() / kValues; ++b) encodeBlock(&values[b * kValues], &out[b * kBytes]);
}

}  // namespace kvscope::gguf
