// SPDX-License-Identifier: Apache-2.0
// IQ2_XXS, IQ2_XS, IQ2_S: groups of eight values are an entry of a grid with signs. x = d * (0.5 + scale) / 4 * grid *
// sign.
//   XXS: f16 d; for 32 values four indices of 8 bits, then four sign codes of 7 bits and a scale of 4
//   XS:  f16 d; 32 times an index of 9 bits and a sign code of 7; 8 bytes of scales of 4 bits, one for 16 values
//   S:   f16 d; 32 low bytes of indices; 32 bytes of signs; 8 bytes of upper bit pairs of indices; 8 bytes of scales
#include "engine/base/iq2_grids.h"
#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"
#include "engine/gguf/blocks/iq_signs.h"

namespace kvscope::gguf {
namespace {

void decodeEight(std::uint32_t entry, std::uint32_t signs, float step, float* out) {
    constexpr std::array<float, 4> kLevels{8, 25, 43, 0};  // code 3 does not occur
    for (std::uint32_t i = 0; i < 8; ++i) out[i] = step * kLevels[entry >> (2 * i) & 3U] * signOf(signs, i);
}

float stepOf(float d, std::uint32_t scale) {
    return d * (0.5F + static_cast<float>(scale)) * 0.25F;
}

void decodeXxs(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (std::size_t run = 0; run < 8; ++run) {
        const auto indices = loadAt<std::uint32_t>(block + 2 + 8 * run);
        const auto codes = loadAt<std::uint32_t>(block + 6 + 8 * run);
        const float step = stepOf(d, codes >> 28U);
        for (std::uint32_t k = 0; k < 4; ++k) {
            const std::uint32_t entry = kIq2XxsGrid[indices >> (8 * k) & 255U];
            decodeEight(entry, evenSigns(codes >> (7 * k)), step, out + 32 * run + 8 * k);
        }
    }
}

/// Scale of the k-th eight values: a nibble for two of them.
std::uint32_t scaleNibble(const std::byte* scales, std::size_t k) {
    return static_cast<std::uint32_t>(byteAt(scales + k / 4) >> (k / 2 % 2 * 4) & 15);
}

void decodeXs(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (std::size_t k = 0; k < 32; ++k) {
        const std::uint32_t both = loadAt<std::uint16_t>(block + 2 + 2 * k);
        decodeEight(kIq2XsGrid[both & 511U], evenSigns(both >> 9U), stepOf(d, scaleNibble(block + 66, k)), out + 8 * k);
    }
}

void decodeS(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (std::size_t k = 0; k < 32; ++k) {
        const int upper = byteAt(block + 66 + k / 4) >> (2 * (k % 4)) & 3;
        const auto index = static_cast<std::size_t>(byteAt(block + 2 + k) | upper << 8);
        const auto signs = static_cast<std::uint32_t>(byteAt(block + 34 + k));
        decodeEight(kIq2SGrid[index], signs, stepOf(d, scaleNibble(block + 74, k)), out + 8 * k);
    }
}

}  // namespace

void decodeIq2_Xxs(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 66>(bytes, out, decodeXxs);
}

void decodeIq2_Xs(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 74>(bytes, out, decodeXs);
}

void decodeIq2_S(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 82>(bytes, out, decodeS);
}

}  // namespace kvscope::gguf
