// SPDX-License-Identifier: Apache-2.0
// MXFP4: a power of two in a byte (E8M0); 16 bytes of nibbles, low ones first; 32 values.
// NVFP4: four scales in E4M3, one for 16 values; 32 bytes of nibbles, 8 bytes a scale, low ones first; 64 values.
// x = T[nibble] * scale with T the numbers of E2M1. T is held doubled and the scale halved, so that T is whole.
#include <bit>

#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

constexpr std::array<float, 16> kDoubled{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// 2^(exponent - 128); the two smallest are not normal.
float halfOfE8m0(int exponent) {
    const auto e = static_cast<std::uint32_t>(exponent);
    return std::bit_cast<float>(e < 2 ? 0x00200000U << e : (e - 1) << 23U);
}

/// Half of an unsigned E4M3; bit 7 counts only in that 0x7F, and not 0xFF, stands for 0.
float halfOfE4m3(int code) {
    if (code == 0x7F) return 0.0F;
    const int exponent = code >> 3 & 15;
    const auto mantissa = static_cast<float>(code & 7);
    if (exponent == 0) return mantissa * 0x1p-10F;
    return (1.0F + mantissa / 8.0F) * std::bit_cast<float>(static_cast<std::uint32_t>(exponent - 8 + 127) << 23U);
}

/// 2 `count` values: the low nibbles of `count` bytes, then the high ones.
void decodeNibbles(const std::byte* from, std::size_t count, float scale, float* out) {
    for (std::size_t i = 0; i < count; ++i) {
        const auto pair = static_cast<std::size_t>(byteAt(from + i));
        out[i] = scale * kDoubled[pair & 15U];
        out[count + i] = scale * kDoubled[pair >> 4U];
    }
}

}  // namespace

void decodeMxfp4(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<32, 17>(bytes, out, [](const std::byte* block, float* values) {
        decodeNibbles(block + 1, 16, halfOfE8m0(byteAt(block)), values);
    });
}

void decodeNvfp4(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<64, 36>(bytes, out, [](const std::byte* block, float* values) {
        for (std::size_t s = 0; s < 4; ++s) {
            decodeNibbles(block + 4 + 8 * s, 8, halfOfE4m3(byteAt(block + s)), values + 16 * s);
        }
    });
}

}  // namespace kvscope::gguf
