// SPDX-License-Identifier: Apache-2.0
// IQ1_S, IQ1_M: groups of eight values are an entry of one grid of -1, 0 and 1, moved by an eighth up or down.
// x = d * (2 * scale + 1) * (grid + delta).
//   S: f16 d; 32 low bytes of indices; for 32 values 16 bits: four times three upper bits of an index, a scale of 3
//      bits, the sign of delta
//   M: 32 low bytes of indices; 16 bytes of nibbles: three upper bits of an index, the sign of delta; four times 16
//      bits: four scales of 3 bits (one for 16 values) and, in the upper nibbles, the four parts of d as f16
#include "engine/base/iq1_grid.h"
#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

void decodeEight(std::size_t index, bool down, float step, float* out) {
    const float delta = down ? -0.125F : 0.125F;
    const std::uint32_t entry = kIq1Grid[index];
    for (std::uint32_t i = 0; i < 8; ++i) {
        out[i] = step * (static_cast<float>(entry >> (2 * i) & 3U) - 1.0F + delta);
    }
}

void decodeS(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (std::size_t k = 0; k < 32; ++k) {
        const int bits = loadAt<std::uint16_t>(block + 34 + k / 4 * 2);
        const float step = d * static_cast<float>(2 * (bits >> 12 & 7) + 1);
        const int upper = bits >> (3 * (k % 4)) & 7;
        const auto index = static_cast<std::size_t>(byteAt(block + 2 + k) | upper << 8);
        decodeEight(index, (bits & 0x8000) != 0, step, out + 8 * k);
    }
}

void decodeM(const std::byte* block, float* out) {
    std::uint32_t halfBits = 0;
    for (std::size_t s = 0; s < 4; ++s) {
        halfBits |= static_cast<std::uint32_t>(byteAt(block + 49 + 2 * s) >> 4) << (4 * s);
    }
    const float d = halfToFloat(static_cast<std::uint16_t>(halfBits));
    for (std::size_t k = 0; k < 32; ++k) {
        const int scales = loadAt<std::uint16_t>(block + 48 + k / 8 * 2);
        const float step = d * static_cast<float>(2 * (scales >> (3 * (k / 2 % 4)) & 7) + 1);
        const int nibble = byteAt(block + 32 + k / 2) >> (k % 2 * 4) & 15;
        const auto index = static_cast<std::size_t>(byteAt(block + k) | (nibble & 7) << 8);
        decodeEight(index, (nibble & 8) != 0, step, out + 8 * k);
    }
}

}  // namespace

void decodeIq1_S(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 50>(bytes, out, decodeS);
}

void decodeIq1_M(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 56>(bytes, out, decodeM);
}

}  // namespace kvscope::gguf
