// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "engine/kernels/kernel_library.h"
#include "engine/kernels/products.h"
#include "engine/kernels/row_storage.h"

namespace kvscope::kernels {

/// Shapes of the rows of one stream and of the attention over them.
struct AttentionShape {
    const RowStorage* key = nullptr;
    const RowStorage* value = nullptr;
    std::uint32_t headDim = 0;   ///< values of a key row, and of a query head
    std::uint32_t valueDim = 0;  ///< values of a value row, and of an output head
    bool shared = false;         ///< the value is the first valueDim values of the key: no value rows
    std::uint32_t heads = 0;     ///< query heads
    std::uint32_t kvHeads = 0;
    float scale = 0;
    float softcap = 0;  ///< 0 = none
    std::uint32_t sinks = 0;
    std::uint32_t window = 0;        ///< 0 = the policy keeps all
    std::uint32_t nativeWindow = 0;  ///< 0 = none

    [[nodiscard]] std::uint32_t group() const { return heads / kvHeads; }
    /// Bytes of a page's keys; its values follow.
    [[nodiscard]] std::uint64_t pageKeyBytes() const;
    [[nodiscard]] std::uint64_t pageBytes() const;
    /// Values of a stored value row: 0 when the key is the value.
    [[nodiscard]] std::uint32_t storedValueDim() const { return shared ? 0 : valueDim; }
    /// Bytes of one row, key and value.
    [[nodiscard]] std::uint64_t rowBytes() const;
    /// Values that kernels handle at once in these rows: 32 or 8; 0 = a row is no multiple of 8.
    [[nodiscard]] std::uint32_t chunk() const;
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
    std::uint32_t firstBase = 0;  ///< word of the heads' first slots; 0 = they all begin with slot 0
};

/// Slots of a KV head: those before `first` are gone (a multiple of the page's rows).
struct SlotRange {
    std::uint32_t count = 0;  ///< one behind the last
    std::uint32_t first = 0;
    [[nodiscard]] std::uint32_t rows() const { return count - first; }
};

struct AttentionArgs {
    AttentionShape shape;
    CacheView cache;
    ColumnsView query;  ///< head 0 of column 0
    ColumnsView out;
    const vulkan::Buffer* partial = nullptr;  ///< (columns, heads, splits, headDim) f32
    const vulkan::Buffer* stats = nullptr;    ///< (columns, heads, splits, 2) f32
    std::uint32_t splits = 1;                 ///< splits of this stream that are recorded for
    std::uint32_t splitBase = 0;              ///< splits of the stream before; not 0 = this is the second stream
    std::uint32_t splitsAll = 0;              ///< room of the partial results, all streams; 0 = splits
    const vulkan::Buffer* lists = nullptr;    ///< only these slots are read: (column, count | slots)
    std::uint32_t listStride = 0;             ///< words from column to column
    const vulkan::Buffer* sinks = nullptr;    ///< (heads) f32 logits without a value
    std::uint32_t sinkOffset = 0;             ///< words
    std::uint32_t columnBegin = 0;
    std::uint32_t columns = 1;
    std::uint32_t tile = 1;  ///< query columns a workgroup serves: neighbours of one sequence; divides columns
};
/// Fused attention over the splits; its traffic depends on the rows: attnDecodeTraffic().
Result<Dispatch> attnDecode(KernelLibrary& library, const AttentionArgs& args);
/// Joins the splits; `args` are the first stream's, the second's splits (if any) begin at args.splits.
Result<Dispatch> attnCombine(KernelLibrary& library, const AttentionArgs& args);

/// Query heads of a KV head that one workgroup serves: the whole group, or its largest divisor that fits.
[[nodiscard]] std::uint32_t headsAtOnce(std::uint32_t group);

/// Largest tile (1, 2, 4 or 8) for which group * tile query slots fit a workgroup.
[[nodiscard]] std::uint32_t attentionTile(std::uint32_t group, std::uint32_t columns);

/// Traffic of both dispatches for columns of one sequence whose KV heads hold these slots (rows.size() == kvHeads).
/// Unique bytes count the sequence's rows once for all columns.
[[nodiscard]] Traffic attnDecodeTraffic(const KernelLibrary& library, const AttentionArgs& args,
                                        std::span<const SlotRange> rows);
/// The same where each column reads the slots of its list: chosen[i] slots in the i-th column (one KV head). Unique
/// bytes as if no two columns chose one row and no two slots lay in one page: an upper bound.
[[nodiscard]] Traffic attnGatherTraffic(const KernelLibrary& library, const AttentionArgs& args,
                                        std::span<const std::uint32_t> chosen);
/// Rows of a second stream and what columns see: with one, splits whose rows a column does not see are passed over.
struct SecondStream {
    std::span<const SlotRange> first;   ///< slots of the first stream that the columns see, one range a KV head
    std::span<const SlotRange> second;  ///< the same of the second
};
/// Without a second stream `more` is empty.
[[nodiscard]] Traffic attnCombineTraffic(const KernelLibrary& library, const AttentionArgs& args,
                                         std::span<const SlotRange> rows, const SecondStream& more = {});
/// Distinct bytes of keys and values in the first `rows` slots of a head.
[[nodiscard]] std::uint64_t rowsUniqueBytes(const AttentionShape& shape, std::uint32_t rows);
/// Splits that hold these slots.
[[nodiscard]] std::uint32_t splitsOf(const SlotRange& slots);

/// Floats of one record of attn_error: |out − exact|², |exact|², |out|², out·exact, mass recall, KL, rows, log-sum-exp.
inline constexpr std::uint32_t kErrorRecordFloats = 8;

/// Error probe of one column: attn_scores then attn_error.
struct ErrorArgs {
    AttentionArgs attention;                 ///< columnBegin is the column
    const vulkan::Buffer* exact = nullptr;   ///< (position, KV head, key | value) f32
    const vulkan::Buffer* scores = nullptr;  ///< (heads, rowCapacity) f32
    const vulkan::Buffer* exactScores = nullptr;
    const vulkan::Buffer* records = nullptr;  ///< (record, kErrorRecordFloats) f32
    const vulkan::Buffer* taps = nullptr;     ///< (layer, head, query | output) f32
    std::uint32_t rowCapacity = 0;
    std::uint32_t record = 0;   ///< index of the record of head 0
    std::uint32_t tapBase = 0;  ///< words: the layer's taps
};
Result<Dispatch> attnScores(KernelLibrary& library, const ErrorArgs& args);
Result<Dispatch> attnError(KernelLibrary& library, const ErrorArgs& args);

}  // namespace kvscope::kernels
