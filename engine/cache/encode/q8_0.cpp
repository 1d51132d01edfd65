// SPDX-License-Identifier: Apache-2.0
// 32 values share a half scale d = max|x| / 127 and are signed bytes round(x / d), halves away from zero: 34 bytes.
// Source: ggml, GGML_TYPE_Q8_0 (reference quantiser; the codes are made with the scale before it is rounded to half).
#include "engine/cache/encode/bytes.h"
#include "engine/cache/policy/descriptor.h"

namespace kvscope::cache {
namespace {

constexpr std::size_t kValues = 32;
constexpr std::size_t kBytes = 34;

void encode(std::span<const float> values, std::span<std::byte> bytes) {
    for (std::size_t block = 0; block < values.size() / kValues; ++block) {
        const auto x = values.subspan(block * kValues, kValues);
        const auto out = bytes.subspan(block * kBytes, kBytes);
        float maximum = 0;
        for (const float value : x) maximum = std::max(maximum, std::fabs(value));
        const float d = maximum / 127.0F;
        const float inverse = d == 0 ? 0.0F : 1.0F / d;
        putHalf(out, 0, floatToHalf(d));
        for (std::size_t i = 0; i < kValues; ++i) {
            const int code = clampToInt(std::round(x[i] * inverse), -127, 127);
            out[2 + i] = static_cast<std::byte>(static_cast<std::uint8_t>(code));
        }
    }
}

void decode(std::span<const std::byte> bytes, std::span<float> values) {
    for (std::size_t block = 0; block < values.size() / kValues; ++block) {
        const auto in = bytes.subspan(block * kBytes, kBytes);
        const float d = halfToFloat(getHalf(in, 0));
        for (std::size_t i = 0; i < kValues; ++i) {
            const auto code = static_cast<std::int8_t>(std::to_integer<std::uint8_t>(in[2 + i]));
            values[block * kValues + i] = d * static_cast<float>(code);
        }
    }
}

/// Half a step, and the rounded scale times the largest code.
double errorBound(double blockMaximum) {
    const double d = blockMaximum / 127;
    return 0.5 * d * (1 + 0x1p-16) + 127 * halfRoundingError(d);
}

constexpr RowCodec kCodec{"q8_0", kValues, kBytes, encode, decode, errorBound};

}  // namespace

Descriptor q8_0Member() {
    return {.info = {.name = "q8_0",
                     .place = Place::EncodeType,
                     .nature = Nature::Approximate,
                     .summary = "8-bit blocks of 32 with a half scale, 34 bytes; head size a multiple of 32",
                     .source = "ggml, GGML_TYPE_Q8_0"},
            .codec = &kCodec};
}

}  // namespace kvscope::cache
