// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "engine/kernels/kernel_library.h"
#include "engine/kernels/products.h"
#include "engine/kernels/row_storage.h"

namespace kvscope::kernels {

/// Shapes of one layer's attention and where its cache lies.
struct AttentionShape {
    const RowStorage* key = nullptr;
    const RowStorage* value = nullptr;
    std::uint32_t headDim = 0;
    std::uint32_t heads = 0;  ///< query heads
    std::uint32_t kvHeads = 0;
    float scale = 0;
    std::uint32_t sinks = 0;
    std::uint32_t window = 0;        ///< 0 = the policy keeps all
    std::uint32_t nativeWindow = 0;  ///< 0 = none

    [[nodiscard]] std::uint32_t group() const { return heads / kvHeads; }
    /// Bytes of a page's keys; its values follow.
    [[nodiscard]] std::uint64_t pageKeyBytes() const;
    [[nodiscard]] std::uint64_t pageBytes() const;
};

/// Buffers and places of the cache that attention reads; see shaders/common/cache.glsl.
struct CacheView {
    const vulkan::Buffer* columns = nullptr;
    const vulkan::Buffer* index = nullptr;
    const vulkan::Buffer* positions = nullptr;  ///< of the layer
    const vulkan::Buffer* pages = nullptr;      ///< of the layer
    std::uint32_t headBase = 0;
    std::uint32_t headStride = 0;
    std::uint32_t tableBase = 0;
    std::uint32_t tableStride = 0;
};

struct AttentionArgs {
    AttentionShape shape;
    CacheView cache;
    ColumnsView query;  ///< head 0 of column 0
    ColumnsView out;
    const vulkan::Buffer* partial = nullptr;  ///< (columns, heads, splits, headDim) f32
    const vulkan::Buffer* stats = nullptr;    ///< (columns, heads, splits, 2) f32
    std::uint32_t splits = 1;                 ///< splits recorded for
    std::uint32_t columnBegin = 0;
    std::uint32_t columns = 1;
    std::uint32_t tile = 1;  ///< query columns a workgroup serves: neighbours of one sequence; divides columns
};
/// Fused attention over the splits; its traffic depends on the rows: attnDecodeTraffic().
Result<Dispatch> attnDecode(KernelLibrary& library, const AttentionArgs& args);
/// Joins the splits.
Result<Dispatch> attnCombine(KernelLibrary& library, const AttentionArgs& args);

/// Largest tile (1, 2, 4 or 8) for which group * tile query slots fit a workgroup.
[[nodiscard]] std::uint32_t attentionTile(std::uint32_t group, std::uint32_t columns);

/// Traffic of both dispatches for columns of one sequence whose KV heads hold `rows` rows each (rows.size() ==
/// kvHeads). Unique bytes count the sequence's rows once for all columns.
[[nodiscard]] Traffic attnDecodeTraffic(const KernelLibrary& library, const AttentionArgs& args,
                                        std::span<const std::uint32_t> rows);
[[nodiscard]] Traffic attnCombineTraffic(const KernelLibrary& library, const AttentionArgs& args,
                                         std::span<const std::uint32_t> rows);
/// Distinct bytes of keys and values in the first `rows` slots of a head.
[[nodiscard]] std::uint64_t rowsUniqueBytes(const AttentionShape& shape, std::uint32_t rows);

/// Floats of one record of attn_error: |out − exact|², |exact|², |out|², out·exact, mass recall, KL, rows, log-sum-exp.
inline constexpr std::uint32_t kErrorRecordFloats = 8;

/// Error probe of one column: attn_scores then attn_error.
struct ErrorArgs {
    AttentionArgs attention;                 ///< columnBegin is the column
    const vulkan::Buffer* exact = nullptr;   ///< (position, KV head, 2, headDim) f32
    const vulkan::Buffer* scores = nullptr;  ///< (heads, rowCapacity) f32
    const vulkan::Buffer* exactScores = nullptr;
    const vulkan::Buffer* records = nullptr;  ///< (record, kErrorRecordFloats) f32
    const vulkan::Buffer* taps = nullptr;     ///< (record, query | output, headDim) f32
    std::uint32_t rowCapacity = 0;
    std::uint32_t record = 0;  ///< index of the record of head 0
};
Result<Dispatch> attnScores(KernelLibrary& library, const ErrorArgs& args);
Result<Dispatch> attnError(KernelLibrary& library, const ErrorArgs& args);

}  // namespace kvscope::kernels
