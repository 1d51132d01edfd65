// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "engine/kernels/kernel_library.h"
#include "engine/kernels/weight_format.h"

namespace kvscope::kernels {

/// A matrix (or a piece of its rows) on the device.
struct WeightView {
    const WeightFormat* format = nullptr;
    const vulkan::Buffer* buffer = nullptr;
    std::array<std::uint32_t, 4> sections{};  ///< word offsets
    std::uint32_t runs = 0;                   ///< runs of 32 values in a row
    std::uint32_t rows = 0;
};

/// Where activations lie: (columns, width) f32.
struct ColumnsView {
    const vulkan::Buffer* buffer = nullptr;
    std::uint32_t offset = 0;  ///< words: column 0
    std::uint32_t stride = 0;  ///< words from column to column, a multiple of 4
};

enum class ProductMode : std::uint32_t { Store = 0, Add = 1, Gated = 2 };

struct MatMulArgs {
    WeightView weight;  ///< gated: gate rows, then as many up rows
    ColumnsView in;
    ColumnsView out;
    const vulkan::Buffer* bias = nullptr;  ///< (rows) f32 or none
    std::uint32_t biasOffset = 0;          ///< words
    ProductMode mode = ProductMode::Store;
    std::uint32_t columnBegin = 0;
    std::uint32_t columns = 1;
    std::uint32_t tile = 1;  ///< columns an invocation computes: 1, 2, 4 or 8; divides columns
    float scale = 1;         ///< of the product
    bool gelu = false;       ///< gated: gelu (tanh form) instead of silu
    float clampAt = 0;       ///< gated: gate at most this, the other within ± this; 0 = none
    // blocks of a block-diagonal matrix, or the chosen experts of each column: block b reads in + b · inStep
    std::uint32_t blocks = 1;
    std::uint32_t inStep = 0, outStep = 0;  ///< words
    const ColumnsView* route = nullptr;     ///< expert ids of each column; then `weight` holds whole experts
    std::uint32_t experts = 0;              ///< experts in this piece of the weight
    std::uint32_t expertBegin = 0;          ///< id of the first
};
/// Columns that an invocation should compute when there are many (divides 8): fewer on a CPU implementation, where the
/// unrolled code takes seconds to compile.
[[nodiscard]] std::uint32_t productTile(const KernelLibrary& library);
/// out = W in: one kernel for one column and for many (shaders/kernels/mat_mul.comp). Traffic of experts is an upper
/// bound: unique bytes as if columns chose different ones as far as there are any, requested bytes (where a weight has
/// several pieces) as if every piece held all that are chosen.
Result<Dispatch> matMul(KernelLibrary& library, const MatMulArgs& args);

struct EmbedArgs {
    WeightView table;
    std::uint32_t rowBegin = 0;  ///< token id of the view's first row
    const vulkan::Buffer* columnInfo = nullptr;
    ColumnsView out;
    std::uint32_t columns = 1;
    float scale = 1;
};
/// out = scale * table[token].
Result<Dispatch> embed(KernelLibrary& library, const EmbedArgs& args);

struct NormArgs {
    ColumnsView in, out;
    const vulkan::Buffer* gain = nullptr;  ///< (width) f32 or none
    std::uint32_t gainOffset = 0;          ///< words, a multiple of 4
    std::uint32_t width = 0;               ///< of a group
    std::uint32_t groups = 1;              ///< groups of a column, one after the other
    std::uint32_t columns = 1;
    float eps = 0;
};
/// out = gain * in / rms(in).
Result<Dispatch> norm(KernelLibrary& library, const NormArgs& args);

}  // namespace kvscope::kernels
