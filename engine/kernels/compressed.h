// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "engine/kernels/attention.h"
#include "engine/kernels/kernel_library.h"
#include "engine/kernels/products.h"

namespace kvscope::kernels {

struct CompressArgs {
    const vulkan::Buffer* columnInfo = nullptr;
    ColumnsView value, gate, out;
    const vulkan::Buffer* ape = nullptr;   ///< (ratio, channels) f32
    std::uint32_t apeOffset = 0;           ///< words
    const vulkan::Buffer* ring = nullptr;  ///< (sequence, ringTokens, value | gate)
    std::uint32_t ringTokens = 0;
    std::uint32_t width = 0;  ///< channels of the result
    std::uint32_t ratio = 0;
    bool overlap = false;
    std::uint32_t columns = 1;
    std::uint32_t blocks = 0;       ///< columns that end a block, for the traffic
    std::uint32_t firstBlocks = 0;  ///< of these, how many end a sequence's first block
};
/// Puts this step's tokens into the rings of their sequences.
Result<Dispatch> compressStore(KernelLibrary& library, const CompressArgs& args);
/// Pools the blocks that end at columns of this step.
Result<Dispatch> compressPool(KernelLibrary& library, const CompressArgs& args);
[[nodiscard]] Traffic compressPoolTraffic(const KernelLibrary& library, const CompressArgs& args);

struct SelectArgs {
    AttentionShape shape;  ///< of the index stream
    CacheView cache;
    ColumnsView query;
    ColumnsView weights;
    const vulkan::Buffer* scores = nullptr;  ///< (columns, capacity) f32
    const vulkan::Buffer* lists = nullptr;   ///< (columns, 1 + topK)
    std::uint32_t capacity = 0;              ///< slots that a list of scores has room for, a multiple of 4
    std::uint32_t heads = 0;
    std::uint32_t topK = 0;
    float scale = 1;
    std::uint32_t columns = 1;
};
/// Scores every row of the index stream for every column.
Result<Dispatch> indexScores(KernelLibrary& library, const SelectArgs& args);
/// Writes the chosen slots of every column.
Result<Dispatch> indexSelect(KernelLibrary& library, const SelectArgs& args);
/// Traffic of both for columns of one sequence, which holds `rows` index rows and whose columns see `visible` of them.
[[nodiscard]] Traffic indexScoresTraffic(const KernelLibrary& library, const SelectArgs& args,
                                         std::span<const std::uint32_t> rows);
[[nodiscard]] Traffic indexSelectTraffic(const KernelLibrary& library, const SelectArgs& args,
                                         std::span<const std::uint32_t> rows, std::span<const std::uint32_t> visible);

}  // namespace kvscope::kernels
