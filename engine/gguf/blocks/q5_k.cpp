// SPDX-License-Identifier: Apache-2.0
// Q5_K: f16 d; f16 dmin; 12 bytes of scales and minima; 32 bytes of fifth bits (bit g of byte i belongs to value i of
// group g); 128 bytes of nibbles as in Q4_K. x = d * scale * q - dmin * minimum.
#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"
#include "engine/gguf/blocks/k_scales.h"

namespace kvscope::gguf {
namespace {

void decodeBlock(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    const float dmin = loadHalf(block + 2);
    const GroupScales scales = unpackGroupScales(block + 4);
    for (std::size_t g = 0; g < 8; ++g) {
        const float step = d * static_cast<float>(scales.scale[g]);
        const float minimum = dmin * static_cast<float>(scales.minimum[g]);
        for (std::size_t i = 0; i < 32; ++i) {
            const int low = byteAt(block + 48 + g / 2 * 32 + i) >> (g % 2 * 4) & 15;
            const int fifth = byteAt(block + 16 + i) >> g & 1;
            out[g * 32 + i] = step * static_cast<float>(low | fifth << 4) - minimum;
        }
    }
}

}  // namespace

void decodeQ5_K(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 176>(bytes, out, decodeBlock);
}

}  // namespace kvscope::gguf
