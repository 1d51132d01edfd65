// SPDX-License-Identifier: Apache-2.0
// Q6_K: 128 bytes of low nibbles, 64 bytes of upper bit pairs, 16 signed scales, f16 d; 256 values in two halves.
// x = d * scale * (q - 32).
#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

constexpr std::size_t kValues = 256;
constexpr std::size_t kBytes = 210;

/// 128 values; `low` 64 bytes, `high` 32 bytes, `scales` 8 bytes.
void decodeHalf(const std::byte* low, const std::byte* high, const std::byte* scales, float d, float* out) {
    for (std::size_t run = 0; run < 4; ++run) {  // 32 values each
        for (std::size_t i = 0; i < 32; ++i) {
            const int pair = byteAt(low + (run % 2) * 32 + i);
            const int nibble = run < 2 ? pair & 15 : pair >> 4;
            const int upper = byteAt(high + i) >> (2 * run) & 3;
            const int scale = signedByteAt(scales + run * 2 + i / 16);
            out[run * 32 + i] = d * static_cast<float>(scale) * static_cast<float>((nibble | upper << 4) - 32);
        }
    }
}

}  // namespace

void decodeQ6_K(std::span<const std::byte> bytes, std::span<float> out) {
    for (std::size_t b = 0; b < out.size() / kValues; ++b) {
        const std::byte* block = &bytes[b * kBytes];
        float* to = &out[b * kValues];
        const float d = loadHalf(block + 208);
        decodeHalf(block, block + 128, block + 192, d, to);
        decodeHalf(block + 64, block + 160, block + 200, d, to + 128);
    }
}

}  // namespace kvscope::gguf
