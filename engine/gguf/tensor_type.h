// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kvscope::gguf {

/// Ids of ggml tensor types as written in files (architectures.md 16; ggml-org/ggml include/ggml.h).
enum class TensorType : std::uint32_t {
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q8_1 = 9,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    Q8_K = 15,
    IQ2_XXS = 16,
    IQ2_XS = 17,
    IQ3_XXS = 18,
    IQ1_S = 19,
    IQ4_NL = 20,
    IQ3_S = 21,
    IQ2_S = 22,
    IQ4_XS = 23,
    I8 = 24,
    I16 = 25,
    I32 = 26,
    I64 = 27,
    F64 = 28,
    IQ1_M = 29,
    BF16 = 30,
    TQ1_0 = 34,
    TQ2_0 = 35,
    MXFP4 = 39,
    NVFP4 = 40,
    Q1_0 = 41,
    Q2_0 = 42,
    // ids 4, 5, 31-33 and 36-38 were removed; tensorTypeInfo() names them
};

/// One row of the table of block formats.
struct TensorTypeInfo {
    TensorType type;
    std::string_view name;      ///< ggml's name in upper case, "Q8_0"
    std::uint32_t blockValues;  ///< values per block
    std::uint32_t blockBytes;   ///< bytes per block
    bool canDequantise;         ///< dequantise() works: weights may have this type
    bool removed = false;       ///< old files may hold it, nothing reads it any more: it can be listed
};

/// The row for an id, or nullptr for an id that never existed. Removed types are found, too.
[[nodiscard]] const TensorTypeInfo* tensorTypeInfo(TensorType type);
/// Why weights of this type are neither decoded nor run, as a sentence without its subject; empty when they are.
[[nodiscard]] std::string_view whyNotDecodable(TensorType type);
/// All rows, ascending by id.
[[nodiscard]] std::span<const TensorTypeInfo> tensorTypes();

}  // namespace kvscope::gguf
