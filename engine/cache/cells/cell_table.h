// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "engine/cache/keep/planner.h"

namespace kvscope::cache {

/// Which (sequence, stream, KV head) something belongs to. A stream is what one stream caches of one kind
/// (model::CacheStream); most layers have one.
struct HeadRef {
    std::uint32_t sequence = 0;
    std::uint32_t stream = 0;
    std::uint32_t kvHead = 0;
};

/// A row that changes its place: physical slots (page * kPageRows + row) of one stream's pool.
struct RowMove {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    bool operator==(const RowMove&) const = default;
};

/// Which cells hold which rows: pages, slots and positions of every (sequence, stream, KV head). Bookkeeping only:
/// there is no buffer in it. Each stream has its own pool of pages of kPageRows rows of one KV head; a head's slot s
/// lies in page s / kPageRows of its list. Heads may hold different numbers of rows, streams different numbers of
/// heads.
class CellTable {
  public:
    static constexpr std::uint32_t kPageRows = 32;
    static constexpr std::uint32_t kFree = 0xFFFFFFFFU;

    /// kvHeads: KV heads of each stream.
    explicit CellTable(std::vector<std::uint32_t> kvHeads);

    /// A new sequence's number: the lowest one not in use.
    std::uint32_t addSequence();
    void removeSequence(std::uint32_t sequence);
    [[nodiscard]] std::uint32_t sequenceCapacity() const { return static_cast<std::uint32_t>(m_sequences.size()); }
    [[nodiscard]] bool alive(std::uint32_t sequence) const;

    /// A place for the row at `position`: a freed slot first, else the next one (a new page when needed). Returns the
    /// physical slot.
    std::uint32_t append(HeadRef head, std::uint32_t position);
    /// Frees the slots that the plan drops; a slot is a head's own number as in residentRows().
    void apply(HeadRef head, const Plan& plan);

    /// Frees the rows that the plan drops without giving their slots to new rows: rows stay in the order in which they
    /// came. Pages at the front that hold no row any more go back to the pool.
    void retire(HeadRef head, const Plan& plan);

    /// Rows that lie in the cache, by slot.
    [[nodiscard]] std::vector<ResidentRow> residentRows(HeadRef head) const;
    [[nodiscard]] std::uint32_t rows(HeadRef head) const { return cells(head).resident; }
    /// Slots in use or freed: what attention walks over.
    [[nodiscard]] std::uint32_t slots(HeadRef head) const {
        return static_cast<std::uint32_t>(cells(head).positions.size());
    }
    /// First slot whose page is there: those before were retired. A multiple of kPageRows.
    [[nodiscard]] std::uint32_t firstSlot(HeadRef head) const { return cells(head).firstPage * kPageRows; }
    [[nodiscard]] std::uint32_t freeSlots(HeadRef head) const {
        return static_cast<std::uint32_t>(cells(head).freed.size());
    }
    [[nodiscard]] std::span<const std::uint32_t> pages(HeadRef head) const { return cells(head).pages; }
    /// Physical slot of a head's slot.
    [[nodiscard]] std::uint32_t physical(HeadRef head, std::uint32_t slot) const {
        return cells(head).pages[slot / kPageRows] * kPageRows + slot % kPageRows;
    }
    [[nodiscard]] std::span<const std::uint32_t> positions(HeadRef head) const { return cells(head).positions; }

    /// Pages a stream's pool must have room for (the highest id in use + 1), and how many hold rows.
    [[nodiscard]] std::uint32_t poolPages(std::uint32_t stream) const { return m_pools[stream].next; }
    [[nodiscard]] std::uint32_t usedPages(std::uint32_t stream) const {
        return m_pools[stream].next - static_cast<std::uint32_t>(m_pools[stream].free.size());
    }
    /// Pages that a stream will have after compact().
    [[nodiscard]] std::uint32_t compactPages(std::uint32_t stream) const;
    /// Renumbers a stream densely: every head's rows move to the front in order of position, free slots vanish, pages
    /// are numbered from 0; heads with retired pages keep their slots. Returns the moves; the caller copies the rows
    /// between two pools.
    [[nodiscard]] std::vector<RowMove> compact(std::uint32_t stream);

    [[nodiscard]] std::uint32_t streams() const { return static_cast<std::uint32_t>(m_kvHeads.size()); }
    [[nodiscard]] std::uint32_t kvHeads(std::uint32_t stream) const { return m_kvHeads[stream]; }
    /// KV heads of the streams before this one; of all streams for streams().
    [[nodiscard]] std::uint32_t headOffset(std::uint32_t stream) const { return m_headOffset[stream]; }
    [[nodiscard]] std::uint32_t heads() const { return m_headOffset.back(); }

  private:
    struct Cells {
        std::vector<std::uint32_t> pages;
        std::vector<std::uint32_t> positions;  ///< of each slot; kFree = none
        std::vector<std::uint32_t> freed;      ///< slots to reuse, lowest last
        std::uint32_t resident = 0;
        std::uint32_t firstPage = 0;  ///< pages before it were retired
    };
    std::uint32_t compactHead(Cells& cells, std::uint32_t nextPage, std::vector<RowMove>& moves);
    struct Pool {
        std::uint32_t next = 0;
        std::vector<std::uint32_t> free;  ///< page ids to reuse
    };
    struct Sequence {
        bool alive = false;
        std::vector<Cells> cells;  ///< headOffset(stream) + head
    };
    [[nodiscard]] const Cells& cells(HeadRef head) const {
        return m_sequences[head.sequence].cells[m_headOffset[head.stream] + head.kvHead];
    }
    [[nodiscard]] Cells& cells(HeadRef head) {
        return m_sequences[head.sequence].cells[m_headOffset[head.stream] + head.kvHead];
    }
    std::uint32_t takePage(std::uint32_t stream);

    std::vector<std::uint32_t> m_kvHeads;
    std::vector<std::uint32_t> m_headOffset;
    std::vector<Pool> m_pools;
    std::vector<Sequence> m_sequences;
};

}  // namespace kvscope::cache
