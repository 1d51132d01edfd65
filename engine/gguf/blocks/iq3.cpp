// SPDX-License-Identifier: Apache-2.0
// IQ3_XXS, IQ3_S: groups of four values are an entry of a grid with signs.
//   XXS: f16 d; 64 indices; for 32 values a word of four sign codes of 7 bits (for 8 values each) and a scale of 4;
//        x = d * (0.5 + scale) / 2 * grid * sign
//   S:   f16 d; 64 low bytes of indices; 8 bytes of ninth bits; 32 bytes of signs; 4 bytes of scales of 4 bits;
//        x = d * (1 + 2 * scale) * grid * sign
#include "engine/base/iq3_grids.h"
#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"
#include "engine/gguf/blocks/iq_signs.h"

namespace kvscope::gguf {
namespace {

void decodeXxs(const std::byte* block, float* out) {
    constexpr std::array<float, 8> kLevels{4, 12, 20, 28, 36, 44, 52, 62};
    const float d = loadHalf(block);
    for (std::size_t run = 0; run < 8; ++run) {
        const auto codes = loadAt<std::uint32_t>(block + 66 + 4 * run);
        const float step = d * (0.5F + static_cast<float>(codes >> 28U)) * 0.5F;
        for (std::uint32_t i = 0; i < 32; ++i) {
            const auto index = static_cast<std::size_t>(byteAt(block + 2 + 8 * run + i / 4));
            const float level = kLevels[kIq3XxsGrid[index] >> (4 * (i % 4)) & 7U];
            out[32 * run + i] = step * level * signOf(evenSigns(codes >> (7 * (i / 8))), i % 8);
        }
    }
}

void decodeS(const std::byte* block, float* out) {
    const float d = loadHalf(block);
    for (std::size_t run = 0; run < 8; ++run) {
        const int scale = byteAt(block + 106 + run / 2) >> (run % 2 * 4) & 15;
        const float step = d * static_cast<float>(1 + 2 * scale);
        const auto signs = loadAt<std::uint32_t>(block + 74 + 4 * run);
        for (std::uint32_t i = 0; i < 32; ++i) {
            const int ninth = byteAt(block + 66 + run) >> (i / 4) & 1;
            const auto index = static_cast<std::size_t>(byteAt(block + 2 + 8 * run + i / 4) | ninth << 8);
            const std::uint32_t code = kIq3SGrid[index] >> (4 * (i % 4)) & 7U;
            out[32 * run + i] = step * static_cast<float>(2 * code + 1) * signOf(signs, i);
        }
    }
}

}  // namespace

void decodeIq3_Xxs(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 98>(bytes, out, decodeXxs);
}

void decodeIq3_S(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 110>(bytes, out, decodeS);
}

}  // namespace kvscope::gguf
