// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/cache/cells/cell_table.h"
#include "engine/cache/policy/policy.h"
#include "engine/kernels/attention.h"
#include "engine/kernels/kernel_library.h"
#include "engine/kernels/traffic.h"

namespace kvscope::cache {

/// One stream: rows of one kind that one layer caches (model::CacheStream), and who reads them.
struct StreamShape {
    std::uint32_t layer = 0;
    std::uint32_t heads = 0;  ///< query heads
    std::uint32_t kvHeads = 0;
    std::uint32_t headDim = 0;       ///< values of a key row
    std::uint32_t valueDim = 0;      ///< values of a value row, or of the key's first part that is the value
    bool sharedValue = false;        ///< the key is the value: no value rows
    bool index = false;              ///< keys of an indexer
    std::uint32_t nativeWindow = 0;  ///< rows further back are dropped; 0 = none
    std::uint32_t tokensPerRow = 1;
};

/// f32 numbers that a sequence needs beside its rows: a ring of tokens.
struct RingShape {
    std::uint32_t tokens = 0;
    std::uint32_t values = 0;  ///< of one token
};

/// Sizes that stay the same for the life of a store.
struct StoreShape {
    std::vector<StreamShape> streams;
    std::vector<RingShape> rings;
    std::uint32_t contextLength = 0;  ///< rows a sequence may reach
    std::uint32_t maxColumns = 1;     ///< tokens of one step
    std::uint32_t rowsCap = 0;        ///< rows a head, all sequences; 0 = none
};

/// What one preparation of a step did to the cache.
struct StoreEvent {
    std::uint32_t sequence = 0;
    std::uint64_t rowsDropped = 0;  ///< over all streams and KV heads
    std::uint32_t positionFirst = 0;
    std::uint32_t positionLast = 0;
    std::uint64_t bytesDropped = 0;
    bool perHeadEqual = true;  ///< all heads dropped the same positions
};

/// Owns the device buffers of the cache: for each stream a pool of pages (keys and values) and the rows' positions, one
/// index (row counts, page tables, append slots), and the rings of compressors. Rows behind a native window are
/// dropped. Applies plans; knows no policy beyond the keep chain that it hands to the planner. Pools grow by doubling
/// and shrink when rows are dropped in bulk: memory is really freed.
class RegionStore {
  public:
    static Result<std::unique_ptr<RegionStore>> create(kernels::KernelLibrary& library, const StoreShape& shape,
                                                       const CachePolicy& policy);

    /// Bookkeeping of a new sequence. Takes effect on the device with the next prepare().
    Result<std::uint32_t> addSequence();
    void removeSequence(std::uint32_t sequence);

    /// Tokens that a chunk of this sequence may have without breaking the cap on rows, after dropping what can go.
    [[nodiscard]] std::uint32_t maxAppend(std::uint32_t sequence, std::uint32_t nextPosition);

    struct Column {
        std::uint32_t sequence = 0;
        std::uint32_t position = 0;
    };
    /// Drops what the keep chain lets go, finds slots for the step's rows, grows or shrinks pools, writes the index.
    /// Columns of one sequence are neighbours with ascending positions.
    Result<void> prepare(std::span<const Column> columns);
    /// What was dropped since the last call, one event for a sequence and a step; forgets them.
    [[nodiscard]] std::vector<StoreEvent> takeEvents() { return std::exchange(m_events, {}); }
    /// Bytes that moving rows (compaction, re-encoding) took since the last call, and forgets them; nothing if none
    /// moved.
    [[nodiscard]] std::optional<kernels::Traffic> takeMoveTraffic() { return std::exchange(m_moved, std::nullopt); }

    /// Changes the keep chain and the storage; resident rows are re-encoded at once.
    Result<void> setPolicy(const CachePolicy& policy);

    [[nodiscard]] kernels::AttentionShape attentionShape(std::uint32_t stream) const;
    [[nodiscard]] kernels::CacheView view(std::uint32_t stream, const vulkan::Buffer* columns) const;
    /// Word of a stream's append slots in the index: [KV head][column]; kFree where a column ends no block.
    [[nodiscard]] std::uint32_t slotBase(std::uint32_t stream) const;
    /// Splits of kSplitRows slots that a head's rows may need with the present pools.
    [[nodiscard]] std::uint32_t splitCapacity(std::uint32_t stream) const { return m_splits[stream]; }
    /// (sequence, ring token, values) f32.
    [[nodiscard]] const vulkan::Buffer& ring(std::uint32_t ring) const { return m_rings[ring]; }
    /// Rises when buffers were replaced: recorded commands are void.
    [[nodiscard]] std::uint64_t generation() const { return m_generation; }

    [[nodiscard]] const CellTable& cells() const { return m_cells; }
    [[nodiscard]] const StoreShape& shape() const { return m_shape; }
    /// Of one row, key and value.
    [[nodiscard]] std::uint64_t rowBytes(std::uint32_t stream) const { return attentionShape(stream).rowBytes(); }
    [[nodiscard]] std::uint64_t pageBytesAllocated() const;
    [[nodiscard]] std::uint64_t indexBytes() const;
    [[nodiscard]] std::uint64_t ringBytes() const;
    /// Rows of all sequences, and their bytes.
    [[nodiscard]] std::uint64_t rowsResident() const;
    [[nodiscard]] std::uint64_t bytesResident() const;
    /// Device buffers of a stream, for tests and exports.
    [[nodiscard]] const vulkan::Buffer& pages(std::uint32_t stream) const { return m_pools[stream].pages; }
    [[nodiscard]] const vulkan::Buffer& positions(std::uint32_t stream) const { return m_pools[stream].positions; }
    [[nodiscard]] const vulkan::Buffer& index() const { return m_index; }

  private:
    struct Pool {
        vulkan::Buffer pages;
        vulkan::Buffer positions;
        std::uint32_t capacity = 0;  ///< pages
    };
    RegionStore(kernels::KernelLibrary& library, const StoreShape& shape);
    Result<void> readPolicy(const CachePolicy& policy);
    struct Storage {
        const kernels::RowStorage* key = nullptr;
        const kernels::RowStorage* value = nullptr;
        bool operator==(const Storage&) const = default;
    };
    [[nodiscard]] Result<Storage> storageFor(const StreamShape& stream, const CachePolicy& policy) const;
    void drop(std::uint32_t sequence, std::uint32_t nextPosition);
    void forget(const HeadRef& head, const Plan& plan, StoreEvent& event);
    void dropOutsideWindow(const HeadRef& head, std::uint32_t nextPosition);
    Result<void> ensureIndex();
    Result<void> growRings(std::uint32_t sequences);
    Result<void> ensureCapacity();
    Result<Pool> makePool(std::uint32_t stream, std::uint32_t pages) const;
    [[nodiscard]] std::uint32_t capacityFor(std::uint32_t stream, std::uint32_t pages) const;
    [[nodiscard]] bool wasteful(std::span<const Column> columns) const;
    void updateSplits();
    Result<void> growPools(std::span<const std::uint32_t> capacities);
    Result<void> rebuild(std::span<const kernels::AttentionShape> from);
    Result<void> moveRows(std::uint32_t stream, std::span<const RowMove> moves, const kernels::AttentionShape& from,
                          const Pool& source);
    [[nodiscard]] std::vector<kernels::AttentionShape> shapes() const;
    template <typename Visit>
    void eachHead(Visit&& visit) const;  ///< visit(HeadRef) for every head of every living sequence
    [[nodiscard]] std::uint32_t firstBase() const;
    void writeIndex(std::span<const Column> columns);
    void writeSequence(std::uint32_t sequence);
    [[nodiscard]] std::uint32_t headIndex(const HeadRef& head) const;

    kernels::KernelLibrary& m_library;
    StoreShape m_shape;
    KeepPart m_keep;
    std::vector<Storage> m_storage;  ///< by stream
    std::uint32_t m_sinks = 0;
    std::uint32_t m_window = 0;
    CellTable m_cells;
    std::vector<Pool> m_pools;
    std::vector<vulkan::Buffer> m_rings;
    vulkan::Buffer m_index;
    std::uint32_t m_sequences = 0;  ///< sequences the index has room for
    std::uint32_t m_tableStride = 0;
    std::vector<std::uint32_t> m_splits;  ///< by stream
    std::uint64_t m_generation = 1;
    std::vector<StoreEvent> m_events;
    std::vector<std::uint32_t> m_slots;  ///< append slots of the step: (stream, KV head, column)
    std::optional<kernels::Traffic> m_moved;
};

}  // namespace kvscope::cache
