// SPDX-License-Identifier: Apache-2.0
// TQ1_0: 48 bytes of five base-3 digits each, 4 bytes of four; f16 d. TQ2_0: 64 bytes of bit pairs; f16 d.
// x = (digit - 1) * d.
#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

/// Digit n of a byte that holds the digits as a fraction of 256: multiplied by 3^n without its whole part, the next
/// digit is what a further factor of 3 carries over 256.
int digitOf(const std::byte* at, std::size_t n) {
    constexpr std::array<unsigned, 5> kPowers{1, 3, 9, 27, 81};
    const unsigned rest = static_cast<unsigned>(byteAt(at)) * kPowers[n] & 255U;
    return static_cast<int>(rest * 3 >> 8U);
}

/// Digit 0 of `count` bytes, then digit 1, and so on; returns the end of what was written.
float* decodeDigits(const std::byte* from, std::size_t count, std::size_t digits, float d, float* out) {
    for (std::size_t n = 0; n < digits; ++n) {
        for (std::size_t i = 0; i < count; ++i) *out++ = d * static_cast<float>(digitOf(from + i, n) - 1);
    }
    return out;
}

void decodeBase3(const std::byte* block, float* out) {
    const float d = loadHalf(block + 52);
    out = decodeDigits(block, 32, 5, d, out);
    out = decodeDigits(block + 32, 16, 5, d, out);
    decodeDigits(block + 48, 4, 4, d, out);
}

void decodePairs(const std::byte* block, float* out) {
    const float d = loadHalf(block + 64);
    for (std::size_t i = 0; i < 256; ++i) {
        const int q = byteAt(block + i / 128 * 32 + i % 32) >> (2 * (i / 32 % 4)) & 3;
        out[i] = d * static_cast<float>(q - 1);
    }
}

}  // namespace

void decodeTq1_0(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 54>(bytes, out, decodeBase3);
}

void decodeTq2_0(std::span<const std::byte> bytes, std::span<float> out) {
    decodeEach<256, 66>(bytes, out, decodePairs);
}

}  // namespace kvscope::gguf
