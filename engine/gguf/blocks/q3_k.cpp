// SPDX-License-Identifier: Apache-2.0
// Q3_K: 32 bytes of third bits; 64 bytes of bit pairs in the order of Q2_K; 12 bytes with 16 scales of 6 bits; f16 d.
// x = d * (scale - 32) * (q - 4), where bit r of byte l is the third bit of value l of the r-th run of 32.
#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

/// Scale g of 16: low four bits are nibbles of bytes 0..7, the others bit pairs of bytes 8..11.
int scaleOf(const std::byte* packed, std::size_t g) {
    const int low = byteAt(packed + g % 8) >> (g < 8 ? 0 : 4) & 15;
    const int high = byteAt(packed + 8 + g % 4) >> (2 * (g / 4)) & 3;
    return (low | high << 4) - 32;
}

void decodeBlock(const std::byte* block, float* out) {
    const float d = loadHalf(block + 108);
    for (std::size_t g = 0; g < 16; ++g) {
        const float step = d * static_cast<float>(scaleOf(block + 96, g));
        for (std::size_t i = g * 16; i < g * 16 + 16; ++i) {
            const int low = byteAt(block + 32 + i / 128 * 32 + i % 32) >> (2 * (i / 32 % 4)) & 3;
            const int third = byteAt(block + i % 32) >> (i / 32) & 1;
            out[i] = step * static_cast<float>((low | third << 2) - 4);
        }
    }
}

}  // namespace

void decodeQ3_K(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 110>(bytes, out, decodeBlock);
}

}  // namespace kvscope::gguf
