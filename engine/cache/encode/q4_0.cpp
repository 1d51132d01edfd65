// SPDX-License-Identifier: Apache-2.0
// 32 values share a half scale d = m / -8, m the value of largest magnitude with its sign (the first of equals), and
// are codes 0 … 15 = trunc(x / d + 8.5): 18 bytes. Byte i holds value i in the low and value i + 16 in the high half.
// Source: ggml, GGML_TYPE_Q4_0 (reference quantiser). The end opposite to m has no code of its own: its error is
// up to a whole step.
#include "engine/cache/encode/bytes.h"
#include "engine/cache/policy/descriptor.h"

namespace kvscope::cache {
namespace {

constexpr std::size_t kValues = 32;
constexpr std::size_t kHalf = 16;
constexpr std::size_t kBytes = 18;

unsigned codeOf(float value, float inverse) {
    return static_cast<unsigned>(clampToInt(value * inverse + 8.5F, 0, 15));
}

void encode(std::span<const float> values, std::span<std::byte> bytes) {
    for (std::size_t block = 0; block < values.size() / kValues; ++block) {
        const auto x = values.subspan(block * kValues, kValues);
        const auto out = bytes.subspan(block * kBytes, kBytes);
        float extreme = 0;
        for (const float value : x) {
            if (std::fabs(value) > std::fabs(extreme)) extreme = value;
        }
        const float d = extreme / -8.0F;
        const float inverse = d == 0 ? 0.0F : 1.0F / d;
        putHalf(out, 0, floatToHalf(d));
        for (std::size_t i = 0; i < kHalf; ++i) {
            out[2 + i] = static_cast<std::byte>(codeOf(x[i], inverse) | (codeOf(x[i + kHalf], inverse) << 4U));
        }
    }
}

void decode(std::span<const std::byte> bytes, std::span<float> values) {
    for (std::size_t block = 0; block < values.size() / kValues; ++block) {
        const auto in = bytes.subspan(block * kBytes, kBytes);
        const auto out = values.subspan(block * kValues, kValues);
        const float d = halfToFloat(getHalf(in, 0));
        for (std::size_t i = 0; i < kHalf; ++i) {
            const int pair = std::to_integer<int>(in[2 + i]);
            out[i] = d * static_cast<float>((pair & 15) - 8);
            out[i + kHalf] = d * static_cast<float>((pair >> 4) - 8);
        }
    }
}

/// A whole step at the end that has no code, and the rounded scale times the largest code.
double errorBound(double blockMaximum) {
    const double d = blockMaximum / 8;
    return d * (1 + 0x1p-16) + 8 * halfRoundingError(d);
}

constexpr RowCodec kCodec{"q4_0", kValues, kBytes, encode, decode, errorBound};

}  // namespace

Descriptor q4_0Member() {
    return {.info = {.name = "q4_0",
                     .place = Place::EncodeType,
                     .nature = Nature::Approximate,
                     .summary = "4-bit blocks of 32 with a half scale, 18 bytes; head size a multiple of 32",
                     .source = "ggml, GGML_TYPE_Q4_0"},
            .codec = &kCodec};
}

}  // namespace kvscope::cache
