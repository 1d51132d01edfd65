// SPDX-License-Identifier: Apache-2.0
#include "engine/gguf/tensor_type.h"

#include <algorithm>
#include <array>

#include "engine/gguf/blocks/codecs.h"

namespace kvscope::gguf {
namespace {

constexpr TensorTypeInfo row(std::uint32_t id, std::string_view name, std::uint32_t values, std::uint32_t bytes) {
    const auto type = static_cast<TensorType>(id);
    return {type, name, values, bytes, hasCodec(type)};
}

/// A type that old files may hold and no program reads any more; the size that its blocks had.
constexpr TensorTypeInfo removed(std::uint32_t id, std::string_view name, std::uint32_t values, std::uint32_t bytes) {
    return {static_cast<TensorType>(id), name, values, bytes, false, true};
}

// architectures.md 16; ggml-org/ggml include/ggml.h and src/ggml-common.h
constexpr std::array kTypes{
    row(0, "F32", 1, 4),
    row(1, "F16", 1, 2),
    row(2, "Q4_0", 32, 18),
    row(3, "Q4_1", 32, 20),
    removed(4, "Q4_2", 16, 10),
    removed(5, "Q4_3", 16, 12),
    row(6, "Q5_0", 32, 22),
    row(7, "Q5_1", 32, 24),
    row(8, "Q8_0", 32, 34),
    row(9, "Q8_1", 32, 36),
    row(10, "Q2_K", 256, 84),
    row(11, "Q3_K", 256, 110),
    row(12, "Q4_K", 256, 144),
    row(13, "Q5_K", 256, 176),
    row(14, "Q6_K", 256, 210),
    row(15, "Q8_K", 256, 292),
    row(16, "IQ2_XXS", 256, 66),
    row(17, "IQ2_XS", 256, 74),
    row(18, "IQ3_XXS", 256, 98),
    row(19, "IQ1_S", 256, 50),
    row(20, "IQ4_NL", 32, 18),
    row(21, "IQ3_S", 256, 110),
    row(22, "IQ2_S", 256, 82),
    row(23, "IQ4_XS", 256, 136),
    row(24, "I8", 1, 1),
    row(25, "I16", 1, 2),
    row(26, "I32", 1, 4),
    row(27, "I64", 1, 8),
    row(28, "F64", 1, 8),
    row(29, "IQ1_M", 256, 56),
    row(30, "BF16", 1, 2),
    removed(31, "Q4_0_4_4", 32, 18),
    removed(32, "Q4_0_4_8", 32, 18),
    removed(33, "Q4_0_8_8", 32, 18),
    row(34, "TQ1_0", 256, 54),
    row(35, "TQ2_0", 256, 66),
    removed(36, "IQ4_NL_4_4", 32, 18),
    removed(37, "IQ4_NL_4_8", 32, 18),
    removed(38, "IQ4_NL_8_8", 32, 18),
    row(39, "MXFP4", 32, 17),
    row(40, "NVFP4", 64, 36),
    row(41, "Q1_0", 128, 18),
    row(42, "Q2_0", 64, 18),
};

constexpr bool rowsStandAtTheirIds() {
    std::uint32_t id = 0;
    return std::ranges::all_of(
        kTypes, [&id](const TensorTypeInfo& info) { return static_cast<std::uint32_t>(info.type) == id++; });
}
static_assert(rowsStandAtTheirIds());

}  // namespace

const TensorTypeInfo* tensorTypeInfo(TensorType type) {
    const auto id = static_cast<std::uint32_t>(type);
    return id < kTypes.size() ? &kTypes[id] : nullptr;
}

std::string_view whyNotDecodable(TensorType type) {
    const TensorTypeInfo* info = tensorTypeInfo(type);
    if (info == nullptr) return "is no tensor type of GGUF; a later version or a fork may have added it";
    if (info->canDequantise) return {};
    if (info->removed) return "was removed from GGUF; the tensor can be listed, but nothing decodes it any more";
    if (info->blockValues == 1) return "holds whole numbers, which are no weights; the tensor can be listed, not run";
    return "holds activations while a program runs, never weights; the tensor can be listed, not run";
}

std::span<const TensorTypeInfo> tensorTypes() {
    return kTypes;
}

}  // namespace kvscope::gguf
