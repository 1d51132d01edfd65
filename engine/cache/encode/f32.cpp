// SPDX-License-Identifier: Apache-2.0
// Rows in single precision, 4 bytes a value, little endian: nothing is lost. What `exact` stores.
// Source: ggml, GGML_TYPE_F32.
#include <bit>
#include <cstring>

#include "engine/cache/policy/descriptor.h"

namespace kvscope::cache {
namespace {

static_assert(std::endian::native == std::endian::little, "rows are little endian");

void encode(std::span<const float> values, std::span<std::byte> bytes) {
    std::memcpy(bytes.data(), values.data(), values.size_bytes());
}

void decode(std::span<const std::byte> bytes, std::span<float> values) {
    std::memcpy(values.data(), bytes.data(), values.size_bytes());
}

constexpr RowCodec kCodec{"f32", 1, 4, encode, decode, [](double) { return 0.0; }};

}  // namespace

Descriptor f32Member() {
    return {.info = {.name = "f32",
                     .place = Place::EncodeType,
                     .nature = Nature::Lossless,
                     .summary = "single precision, 4 bytes a value; alone it is exact",
                     .source = "ggml, GGML_TYPE_F32"},
            .codec = &kCodec};
}

}  // namespace kvscope::cache
