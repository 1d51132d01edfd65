// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "engine/gguf/tensor_type.h"

namespace kvscope::gguf {

/// Decodes whole blocks; the caller has checked that the sizes agree.
using DecodeBlocks = void (*)(std::span<const std::byte> bytes, std::span<float> out);
/// Encodes whole blocks; the caller has checked that the sizes agree.
using EncodeBlocks = void (*)(std::span<const float> values, std::span<std::byte> out);

void decodeF32(std::span<const std::byte> bytes, std::span<float> out);
void encodeF32(std::span<const float> values, std::span<std::byte> out);
void decodeF16(std::span<const std::byte> bytes, std::span<float> out);
void encodeF16(std::span<const float> values, std::span<std::byte> out);
void decodeBf16(std::span<const std::byte> bytes, std::span<float> out);
void encodeBf16(std::span<const float> values, std::span<std::byte> out);
void decodeQ4_0(std::span<const std::byte> bytes, std::span<float> out);
void encodeQ4_0(std::span<const float> values, std::span<std::byte> out);
void decodeQ4_1(std::span<const std::byte> bytes, std::span<float> out);
void encodeQ4_1(std::span<const float> values, std::span<std::byte> out);
void decodeQ5_0(std::span<const std::byte> bytes, std::span<float> out);
void encodeQ5_0(std::span<const float> values, std::span<std::byte> out);
void decodeQ5_1(std::span<const std::byte> bytes, std::span<float> out);
void encodeQ5_1(std::span<const float> values, std::span<std::byte> out);
void decodeQ8_0(std::span<const std::byte> bytes, std::span<float> out);
void encodeQ8_0(std::span<const float> values, std::span<std::byte> out);
void decodeQ6_K(std::span<const std::byte> bytes, std::span<float> out);
void decodeF64(std::span<const std::byte> bytes, std::span<float> out);
void decodeQ2_K(std::span<const std::byte> bytes, std::span<float> out);
void decodeQ3_K(std::span<const std::byte> bytes, std::span<float> out);
void decodeQ4_K(std::span<const std::byte> bytes, std::span<float> out);
void decodeQ5_K(std::span<const std::byte> bytes, std::span<float> out);
void decodeIq1_S(std::span<const std::byte> bytes, std::span<float> out);
void decodeIq1_M(std::span<const std::byte> bytes, std::span<float> out);
void decodeIq2_Xxs(std::span<const std::byte> bytes, std::span<float> out);
void decodeIq2_Xs(std::span<const std::byte> bytes, std::span<float> out);
void decodeIq2_S(std::span<const std::byte> bytes, std::span<float> out);
void decodeIq3_Xxs(std::span<const std::byte> bytes, std::span<float> out);
void decodeIq3_S(std::span<const std::byte> bytes, std::span<float> out);
void decodeIq4_Nl(std::span<const std::byte> bytes, std::span<float> out);
void decodeIq4_Xs(std::span<const std::byte> bytes, std::span<float> out);
void decodeTq1_0(std::span<const std::byte> bytes, std::span<float> out);
void decodeTq2_0(std::span<const std::byte> bytes, std::span<float> out);
void decodeMxfp4(std::span<const std::byte> bytes, std::span<float> out);
void decodeNvfp4(std::span<const std::byte> bytes, std::span<float> out);
void decodeQ1_0(std::span<const std::byte> bytes, std::span<float> out);
void decodeQ2_0(std::span<const std::byte> bytes, std::span<float> out);

/// One format that can be read here. `encode` is null where only reading is needed.
struct Codec {
    TensorType type;
    DecodeBlocks decode;
    EncodeBlocks encode;
};

/// A new format is a file beside this one, its two declarations above, and a line here.
inline constexpr std::array kCodecs{
    Codec{TensorType::F32, decodeF32, encodeF32},       Codec{TensorType::F16, decodeF16, encodeF16},
    Codec{TensorType::BF16, decodeBf16, encodeBf16},    Codec{TensorType::Q4_0, decodeQ4_0, encodeQ4_0},
    Codec{TensorType::Q4_1, decodeQ4_1, encodeQ4_1},    Codec{TensorType::Q5_0, decodeQ5_0, encodeQ5_0},
    Codec{TensorType::Q5_1, decodeQ5_1, encodeQ5_1},    Codec{TensorType::Q8_0, decodeQ8_0, encodeQ8_0},
    Codec{TensorType::Q6_K, decodeQ6_K, nullptr},       Codec{TensorType::F64, decodeF64, nullptr},
    Codec{TensorType::Q2_K, decodeQ2_K, nullptr},       Codec{TensorType::Q3_K, decodeQ3_K, nullptr},
    Codec{TensorType::Q4_K, decodeQ4_K, nullptr},       Codec{TensorType::Q5_K, decodeQ5_K, nullptr},
    Codec{TensorType::IQ1_S, decodeIq1_S, nullptr},     Codec{TensorType::IQ1_M, decodeIq1_M, nullptr},
    Codec{TensorType::IQ2_XXS, decodeIq2_Xxs, nullptr}, Codec{TensorType::IQ2_XS, decodeIq2_Xs, nullptr},
    Codec{TensorType::IQ2_S, decodeIq2_S, nullptr},     Codec{TensorType::IQ3_XXS, decodeIq3_Xxs, nullptr},
    Codec{TensorType::IQ3_S, decodeIq3_S, nullptr},     Codec{TensorType::IQ4_NL, decodeIq4_Nl, nullptr},
    Codec{TensorType::IQ4_XS, decodeIq4_Xs, nullptr},   Codec{TensorType::TQ1_0, decodeTq1_0, nullptr},
    Codec{TensorType::TQ2_0, decodeTq2_0, nullptr},     Codec{TensorType::MXFP4, decodeMxfp4, nullptr},
    Codec{TensorType::NVFP4, decodeNvfp4, nullptr},     Codec{TensorType::Q1_0, decodeQ1_0, nullptr},
    Codec{TensorType::Q2_0, decodeQ2_0, nullptr},
};

[[nodiscard]] constexpr bool hasCodec(TensorType type) {
    return std::ranges::any_of(kCodecs, [type](const Codec& codec) { return codec.type == type; });
}

/// The codec of a type, or nullptr.
[[nodiscard]] inline const Codec* findCodec(TensorType type) {
    const auto* it = std::ranges::find(kCodecs, type, &Codec::type);
    return it != kCodecs.end() ? it : nullptr;
}

}  // namespace kvscope::gguf
