// SPDX-License-Identifier: Apache-2.0
#include "engine/planner/allocation.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <vector>

#include "engine/base/checked.h"
#include "engine/cache/cells/cell_table.h"

namespace kvscope::planner {
namespace {

constexpr std::uint64_t kPageRows = 32;
constexpr std::uint64_t kFirstPages = 4;  ///< of a head, in a new pool
constexpr std::uint64_t kSparePages = 2;  ///< of a head, in a pool that was rebuilt
constexpr std::uint64_t kWordBytes = 4;
constexpr std::uint64_t kBufferUnit = 16;  ///< buffers are whole runs of 16 bytes

/// Slots of one KV head of a sequence; all heads of a stream are alike.
struct Cells {
    std::uint64_t slots = 0;
    std::uint64_t freed = 0;
    std::uint64_t resident = 0;
    std::uint64_t retired = 0;  ///< pages at the front that fell out of a native window
};

/// Streams that fill alike, as one.
struct Pool {
    std::uint64_t kvHeads = 1;
    std::uint64_t window = 0;
    std::uint64_t tokensPerRow = 1;
    std::uint64_t rowBytes = 0;
    std::uint64_t streams = 0;              ///< how many such pools there are
    std::uint64_t capacity = 0;             ///< pages
    std::uint64_t pages = 0;                ///< pages of one head that there is room for at least, all sequences
    std::uint64_t used = 0;                 ///< of these, pages that hold rows; fewer only behind a native window
    std::vector<Cells> cells;               ///< by sequence
    std::optional<cache::CellTable> table;  ///< a native window and `keep` together: slot by slot

    [[nodiscard]] bool like(const Pool& other) const {
        return kvHeads == other.kvHeads && window == other.window && tokensPerRow == other.tokensPerRow &&
               rowBytes == other.rowBytes;
    }
};

/// The tokens of one sequence in a step.
struct Part {
    std::size_t sequence = 0;
    std::uint64_t first = 0;
    std::uint64_t count = 0;
};

class Simulation {
  public:
    Simulation(const model::CacheLayout& layout, std::span<const RowFormat> formats, const KeepBound& keep,
               const AllocationRequest& request)
        : m_keep(keep),
          m_request(request),
          m_tableStride(ceilDiv(request.contextLength + request.columns, kPageRows) + 1) {
        for (std::size_t i = 0; i < layout.streams.size(); ++i) {
            const model::CacheStream& stream = layout.streams[i];
            Pool pool{.kvHeads = stream.kvHeads,
                      .window = stream.window,
                      .tokensPerRow = stream.tokensPerRow,
                      .rowBytes = formats[i].rowBytes()};
            auto found = std::ranges::find_if(m_pools, [&](const Pool& p) { return p.like(pool); });
            if (found == m_pools.end()) {
                pool.capacity = kFirstPages * pool.kvHeads;
                pool.cells.resize(request.sequences);
                if (pool.window > 0 && !keep.all) {
                    pool.table.emplace(std::vector<std::uint32_t>{1});
                    for (std::uint64_t sequence = 0; sequence < request.sequences; ++sequence)
                        pool.table->addSequence();
                }
                found = m_pools.insert(m_pools.end(), std::move(pool));
            }
            ++found->streams;
        }
    }

    void run() {
        const std::uint64_t prompt = std::min(m_request.promptTokens, m_request.tokens);
        const std::uint64_t chunk = std::max<std::uint64_t>(m_request.chunk, 1);
        for (std::size_t sequence = 0; sequence < m_request.sequences; ++sequence) {
            for (std::uint64_t first = 0; first < prompt; first += chunk) {
                step({{sequence, first, std::min(chunk, prompt - first)}});
            }
        }
        std::vector<Part> parts(m_request.sequences);
        for (std::uint64_t first = prompt; first < m_request.tokens; ++first) {
            for (std::size_t sequence = 0; sequence < parts.size(); ++sequence) parts[sequence] = {sequence, first, 1};
            step(parts);
        }
    }

    [[nodiscard]] Allocation result() const {
        Allocation sum;
        std::uint64_t heads = 0;
        for (const Pool& pool : m_pools) {
            sum.pageBytes += pool.streams * pool.capacity * kPageRows * pool.rowBytes;
            sum.positionBytes += pool.streams * pool.capacity * kPageRows * kWordBytes;
            heads += pool.streams * pool.kvHeads;
        }
        const std::uint64_t sequences = std::bit_ceil(std::max<std::uint64_t>(m_request.sequences, 1));
        const std::uint64_t words = heads * sequences * (2 + m_tableStride) + heads * m_request.columns;
        sum.indexBytes = roundUp(words * kWordBytes, kBufferUnit);
        return sum;
    }

  private:
    void step(const std::vector<Part>& parts) {
        bool wasteful = false;
        for (Pool& pool : m_pools) {
            for (const Part& part : parts) wasteful = drop(pool, part) || wasteful;
        }
        if (wasteful) rebuild();
        for (Pool& pool : m_pools) {
            for (const Part& part : parts) append(pool, part);
            grow(pool);
        }
    }

    static std::uint64_t newRows(const Pool& pool, const Part& part) {
        return (part.first + part.count) / pool.tokensPerRow - part.first / pool.tokensPerRow;
    }

    /// Frees what the part's first token cannot see; true when too much of the head's slots stays free after it.
    bool drop(Pool& pool, const Part& part) {
        if (pool.tokensPerRow != 1) return false;
        if (pool.table) return dropSlots(pool, part);
        if (pool.window > 0) {
            retire(pool, part);
            return false;
        }
        Cells& cells = pool.cells[part.sequence];
        const std::uint64_t kept = m_keep.visible(part.first, part.first, pool.window);
        cells.freed += cells.resident - kept;
        cells.resident = kept;
        const std::uint64_t unused = cells.freed - std::min(cells.freed, newRows(pool, part));
        return unused >= kPageRows && unused * 10 > cells.slots;
    }

    /// Behind a native window whole pages go; slots are not used again.
    static void retire(Pool& pool, const Part& part) {
        Cells& cells = pool.cells[part.sequence];
        const std::uint64_t first = part.first + 1 > pool.window ? part.first + 1 - pool.window : 0;
        const std::uint64_t gone = std::min(first, cells.slots) / kPageRows;
        pool.used -= gone - cells.retired;
        cells.retired = gone;
    }

    /// A native window and `keep` together, on the engine's own bookkeeping.
    bool dropSlots(Pool& pool, const Part& part) const {
        const cache::HeadRef head{static_cast<std::uint32_t>(part.sequence), 0, 0};
        cache::Plan behind;
        cache::Plan dropped;
        for (const cache::ResidentRow& row : pool.table->residentRows(head)) {
            const cache::PlanItem item{.action = cache::PlanAction::Drop, .slot = row.slot, .position = row.position};
            const bool kept = row.position < m_keep.sinks || row.position + m_keep.window > part.first;
            if (row.position + pool.window <= part.first) {
                behind.items.push_back(item);
            } else if (!kept) {
                dropped.items.push_back(item);
            }
        }
        pool.table->retire(head, behind);
        pool.table->apply(head, dropped);
        const std::uint64_t freed = pool.table->freeSlots(head);
        const std::uint64_t unused = freed - std::min(freed, newRows(pool, part));
        return unused >= kPageRows && unused * 10 > pool.table->slots(head);
    }

    void rebuild() {
        for (Pool& pool : m_pools) {
            if (pool.table) {
                pool.capacity =
                    std::max<std::uint64_t>(pool.table->compactPages(0) + kSparePages, kFirstPages) * pool.kvHeads;
                (void)pool.table->compact(0);
                continue;
            }
            pool.pages = 0;
            for (Cells& cells : pool.cells) {
                cells.slots = cells.resident;
                cells.freed = 0;
                pool.pages += ceilDiv(cells.resident, kPageRows);
            }
            pool.used = pool.pages;
            pool.capacity = std::max(pool.pages + kSparePages, kFirstPages) * pool.kvHeads;
        }
    }

    static void append(Pool& pool, const Part& part) {
        const std::uint64_t rows = newRows(pool, part);
        if (pool.table) {
            for (std::uint64_t i = 0; i < rows; ++i) {
                pool.table->append({static_cast<std::uint32_t>(part.sequence), 0, 0},
                                   static_cast<std::uint32_t>(part.first + i));
            }
            pool.pages = pool.table->poolPages(0);
            return;
        }
        Cells& cells = pool.cells[part.sequence];
        const std::uint64_t reused = std::min(cells.freed, rows);
        const std::uint64_t pagesBefore = ceilDiv(cells.slots, kPageRows);
        cells.freed -= reused;
        cells.slots += rows - reused;
        cells.resident += rows;
        pool.used += ceilDiv(cells.slots, kPageRows) - pagesBefore;
        pool.pages = std::max(pool.pages, pool.used);
    }

    /// Doubling; the last one stops at what the context can need.
    void grow(Pool& pool) const {
        const std::uint64_t needed = pool.pages * pool.kvHeads;
        if (needed <= pool.capacity) return;
        const std::uint64_t most = m_tableStride * pool.kvHeads * std::max<std::uint64_t>(m_request.sequences, 1);
        pool.capacity = std::max(needed, std::min(pool.capacity * 2, most));
    }

    KeepBound m_keep;
    AllocationRequest m_request;
    std::uint64_t m_tableStride;
    std::vector<Pool> m_pools;
};

}  // namespace

Allocation allocate(const model::CacheLayout& layout, std::span<const RowFormat> formats, const KeepBound& keep,
                    const AllocationRequest& request) {
    Simulation simulation(layout, formats, keep, request);
    simulation.run();
    Allocation sum = simulation.result();
    for (const model::DecodeState& state : layout.states) {
        // a ring holds the tokens of a step besides those it keeps
        const std::uint64_t sequences = std::bit_ceil(std::max<std::uint64_t>(request.sequences, 1));
        sum.stateBytes +=
            roundUp((state.tokens + request.columns) * state.tokenValues * sizeof(float) * sequences, kBufferUnit);
    }
    return sum;
}

}  // namespace kvscope::planner
