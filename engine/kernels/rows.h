// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "engine/kernels/attention.h"
#include "engine/kernels/kernel_library.h"

namespace kvscope::kernels {

struct RopeAppendArgs {
    AttentionShape shape;  ///< heads = 0: nothing is rotated in place; kvHeads = 0: nothing is appended
    CacheView cache;
    ColumnsView query;
    ColumnsView key;
    ColumnsView value;
    std::uint32_t queryHead = 0;                ///< words from query head to query head
    const vulkan::Buffer* ropeTable = nullptr;  ///< (column, pair) -> (cos, sin) f32
    std::uint32_t begin = 0;                    ///< first rotated value of a head
    std::uint32_t pairs = 0;
    bool halves = false;                    ///< pairs (i, i + pairs) instead of (2i, 2i+1)
    bool inverse = false;                   ///< rotates back
    std::uint32_t slotBase = 0;             ///< word of the stream's append slots in the index: [KV head][column]
    std::uint32_t slotStride = 0;           ///< columns there is room for
    const vulkan::Buffer* exact = nullptr;  ///< rows kept aside, or nullptr
    std::uint32_t columns = 1;
    std::uint32_t appended = 1;  ///< columns that append a row, for the traffic
};
/// Rotates queries in place; rotates keys and appends keys and values to the cache.
Result<Dispatch> ropeAppend(KernelLibrary& library, const RopeAppendArgs& args);
[[nodiscard]] Traffic ropeAppendTraffic(const RopeAppendArgs& args);

struct KvMoveArgs {
    AttentionShape from, to;
    const vulkan::Buffer* moves = nullptr;  ///< pairs (slot before, slot after)
    const vulkan::Buffer *fromPages = nullptr, *toPages = nullptr;
    const vulkan::Buffer *fromPositions = nullptr, *toPositions = nullptr;
    std::uint32_t first = 0;
    std::uint32_t count = 0;  ///< moves of this dispatch, at most 65,535
};
/// Copies rows between page pools, changing their encoding where the shapes differ.
Result<Dispatch> kvMove(KernelLibrary& library, const KvMoveArgs& args);

}  // namespace kvscope::kernels
