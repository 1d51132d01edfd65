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
    Q6_K = 14,
    BF16 = 30,
    // every other id of the table is known by number through tensorTypeInfo()
};

/// One row of the table of block formats.
struct TensorTypeInfo {
    TensorType type;
    std::string_view name;      ///< ggml's name in upper case, "Q8_0"
    std::uint32_t blockValues;  ///< values per block, 0 for a removed type
    std::uint32_t blockBytes;   ///< bytes per block
    bool canDequantise;         ///< dequantiseRow() works
};

/// The row for an id, or nullptr for an id that never existed. Removed types are found with blockValues 0.
[[nodiscard]] const TensorTypeInfo* tensorTypeInfo(TensorType type);
/// All rows, ascending by id.
[[nodiscard]] std::span<const TensorTypeInfo> tensorTypes();

}  // namespace kvscope::gguf
