// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace kvscope::kernels {

/// A storage of cache rows that the fused kernels read (shaders/encode/row_*.glsl).
struct RowStorage {
    std::uint32_t id;           ///< kRowF32 … of shaders/shared/constants.h
    std::string_view name;      ///< "q8_0"
    std::uint32_t blockValues;  ///< 1, or 32: the head size must be a multiple
    std::uint32_t valueBits;    ///< bits of a value without scales
    bool hasScale;              ///< one half a block

    /// Bytes of one row of `headDim` values, as ggml counts.
    [[nodiscard]] std::uint64_t rowBytes(std::uint32_t headDim) const {
        return headDim * valueBits / 8 + (hasScale ? headDim / 32 * 2 : 0);
    }
    /// Distinct bytes touched by reading the first `rows` rows of a page: scales in whole words.
    [[nodiscard]] std::uint64_t uniqueBytes(std::uint32_t headDim, std::uint64_t rows) const {
        return rows * headDim * valueBits / 8 + (hasScale ? (rows * (headDim / 32) + 1) / 2 * 4 : 0);
    }
    /// Bytes that loading a whole row chunk by chunk requests.
    [[nodiscard]] std::uint64_t rowRequested(std::uint32_t headDim) const {
        return headDim * valueBits / 8 + (hasScale ? headDim / 32 * 4 : 0);
    }
    /// Bytes that loading a run of 4 or 8 values requests.
    [[nodiscard]] std::uint64_t runRequested(std::uint32_t run) const {
        if (valueBits == 4) return run + 4;  // whole words hold 4 nibbles of each half
        return run * valueBits / 8 + (hasScale ? 4 : 0);
    }
};

/// The storage by name, or nullptr.
[[nodiscard]] const RowStorage* findRowStorage(std::string_view name);
/// Values that kernels handle at once for this head size: 32, or 8; 0 when the head size is no multiple of 8.
[[nodiscard]] std::uint32_t chunkOf(std::uint32_t headDim);

}  // namespace kvscope::kernels
