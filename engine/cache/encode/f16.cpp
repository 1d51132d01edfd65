// SPDX-License-Identifier: Apache-2.0
// Rows in half precision, 2 bytes a value, little endian, round to nearest even. The usual cache.
// Source: ggml, GGML_TYPE_F16. Magnitudes from 65520 on become infinite.
#include "engine/cache/encode/bytes.h"
#include "engine/cache/policy/descriptor.h"

namespace kvscope::cache {
namespace {

void encode(std::span<const float> values, std::span<std::byte> bytes) {
    for (std::size_t i = 0; i < values.size(); ++i) putHalf(bytes, 2 * i, floatToHalf(values[i]));
}

void decode(std::span<const std::byte> bytes, std::span<float> values) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = halfToFloat(getHalf(bytes, 2 * i));
}

constexpr RowCodec kCodec{"f16", 1, 2, encode, decode, halfRoundingError};

}  // namespace

Descriptor f16Member() {
    return {.info = {.name = "f16",
                     .place = Place::EncodeType,
                     .nature = Nature::Native,
                     .summary = "half precision, 2 bytes a value; what an unnamed encode is",
                     .source = "ggml, GGML_TYPE_F16"},
            .codec = &kCodec};
}

}  // namespace kvscope::cache
