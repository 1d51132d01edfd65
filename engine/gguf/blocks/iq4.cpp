// SPDX-License-Identifier: Apache-2.0
// IQ4_NL: f16 d; 16 bytes of nibbles, low ones first; 32 values. x = d * K[nibble].
// IQ4_XS: f16 d; eight 6-bit scales (u16 of upper bit pairs, 4 bytes of nibbles); 128 bytes of nibbles, 16 bytes a
// group of 32. x = d * (scale - 32) * K[nibble].
#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

constexpr std::array<float, 16> kLevels{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

void decodeGroup(const std::byte* nibbles, float scale, float* out) {
    for (std::size_t i = 0; i < 16; ++i) {
        const auto pair = static_cast<std::size_t>(byteAt(nibbles + i));
        out[i] = scale * kLevels[pair & 15U];
        out[16 + i] = scale * kLevels[pair >> 4U];
    }
}

}  // namespace

void decodeIq4_Nl(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<32, 18>(bytes, out,
                       [](const std::byte* block, float* values) { decodeGroup(block + 2, loadHalf(block), values); });
}

void decodeIq4_Xs(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 136>(bytes, out, [](const std::byte* block, float* values) {
        const float d = loadHalf(block);
        const int upper = loadAt<std::uint16_t>(block + 2);
        for (std::size_t g = 0; g < 8; ++g) {
            const int low = byteAt(block + 4 + g / 2) >> (g % 2 * 4) & 15;
            const int scale = (low | (upper >> (2 * g) & 3) << 4) - 32;
            decodeGroup(block + 8 + 16 * g, d * static_cast<float>(scale), values + 32 * g);
        }
    });
}

}  // namespace kvscope::gguf
