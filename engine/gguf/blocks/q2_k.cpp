// SPDX-License-Identifier: Apache-2.0
// Q2_K: 16 bytes of nibbles (scale low, minimum high) for 16 groups of 16; 64 bytes of bit pairs; f16 d; f16 dmin.
// x = d * scale * q - dmin * minimum. Each half of 128 values has 32 bytes; values run through the bytes four times,
// with bits 0-1, 2-3, 4-5, 6-7.
#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

void decodeBlock(const std::byte* block, float* out) {
    const float d = loadHalf(block + 80);
    const float dmin = loadHalf(block + 82);
    for (std::size_t i = 0; i < 256; ++i) {
        const int scales = byteAt(block + i / 16);
        const float step = d * static_cast<float>(scales & 15);
        const float minimum = dmin * static_cast<float>(scales >> 4);
        const int q = byteAt(block + 16 + i / 128 * 32 + i % 32) >> (2 * (i / 32 % 4)) & 3;
        out[i] = step * static_cast<float>(q) - minimum;
    }
}

}  // namespace

void decodeQ2_K(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 84>(bytes, out, decodeBlock);
}

}  // namespace kvscope::gguf
