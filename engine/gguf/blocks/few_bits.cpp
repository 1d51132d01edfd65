// SPDX-License-Identifier: Apache-2.0
// Q1_0: f16 d; 16 bytes, one bit a value: x = d or -d. Q2_0: f16 d; 16 bytes, two bits a value: x = (q - 1) * d.
#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

void decodeBits(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (std::size_t i = 0; i < 128; ++i) out[i] = (byteAt(block + 2 + i / 8) >> (i % 8) & 1) != 0 ? d : -d;
}

void decodePairs(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (std::size_t i = 0; i < 64; ++i) {
        const int q = byteAt(block + 2 + i / 4) >> (2 * (i % 4)) & 3;
        out[i] = static_cast<float>(q - 1) * d;
    }
}

}  // namespace

void decodeQ1_0(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<128, 18>(bytes, out, decodeBits);
}

void decodeQ2_0(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<64, 18>(bytes, out, decodePairs);
}

}  // namespace kvscope::gguf
