// SPDX-License-Identifier: Apache-2.0
// F32, F16, BF16 and F64: one value, no block.
#include <cstring>

#include "engine/gguf/blocks/block_bytes.h"
#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {

void decodeF32(std::span<const std::byte> bytes, std::span<float> out) {
    if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
}

void encodeF32(std::span<const float> values, std::span<std::byte> out) {
    if (!out.empty()) std::memcpy(out.data(), values.data(), out.size());
}

void decodeF16(std::span<const std::byte> bytes, std::span<float> out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = loadHalf(&bytes[2 * i]);
}

void encodeF16(std::span<const float> values, std::span<std::byte> out) {
    for (std::size_t i = 0; i < values.size(); ++i) storeHalf(&out[2 * i], values[i]);
}

void decodeBf16(std::span<const std::byte> bytes, std::span<float> out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = bfloatToFloat(loadAt<std::uint16_t>(&bytes[2 * i]));
}

void encodeBf16(std::span<const float> values, std::span<std::byte> out) {
    for (std::size_t i = 0; i < values.size(); ++i) storeAt(&out[2 * i], floatToBfloat(values[i]));
}

void decodeF64(std::span<const std::byte> bytes, std::span<float> out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(loadAt<double>(&bytes[8 * i]));
}

}  // namespace kvscope::gguf
