// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/cells/cell_table.h"

#include <algorithm>
#include <utility>

#include "engine/base/assert.h"

namespace kvscope::cache {

CellTable::CellTable(std::vector<std::uint32_t> kvHeads)
    : m_kvHeads(std::move(kvHeads)), m_headOffset(1, 0), m_pools(m_kvHeads.size()) {
    for (const std::uint32_t heads : m_kvHeads) m_headOffset.push_back(m_headOffset.back() + heads);
}

std::uint32_t CellTable::addSequence() {
    auto slot = std::ranges::find_if(m_sequences, [](const Sequence& s) { return !s.alive; });
    if (slot == m_sequences.end()) slot = m_sequences.insert(m_sequences.end(), Sequence{});
    slot->alive = true;
    slot->cells.assign(heads(), Cells{});
    return static_cast<std::uint32_t>(slot - m_sequences.begin());
}

void CellTable::removeSequence(std::uint32_t sequence) {
    Sequence& gone = m_sequences.at(sequence);
    for (std::uint32_t stream = 0; stream < streams(); ++stream) {
        for (std::uint32_t head = 0; head < m_kvHeads[stream]; ++head) {
            const Cells& c = gone.cells[m_headOffset[stream] + head];
            m_pools[stream].free.insert(m_pools[stream].free.end(), c.pages.begin() + c.firstPage, c.pages.end());
        }
    }
    gone = Sequence{};
}

bool CellTable::alive(std::uint32_t sequence) const {
    return sequence < m_sequences.size() && m_sequences[sequence].alive;
}

std::uint32_t CellTable::takePage(std::uint32_t stream) {
    Pool& pool = m_pools[stream];
    if (pool.free.empty()) return pool.next++;
    const std::uint32_t page = pool.free.back();
    pool.free.pop_back();
    return page;
}

std::uint32_t CellTable::append(HeadRef head, std::uint32_t position) {
    Cells& c = cells(head);
    std::uint32_t slot = 0;
    if (!c.freed.empty()) {
        slot = c.freed.back();
        c.freed.pop_back();
        c.positions[slot] = position;
    } else {
        slot = static_cast<std::uint32_t>(c.positions.size());
        if (slot % kPageRows == 0) c.pages.push_back(takePage(head.stream));
        c.positions.push_back(position);
    }
    ++c.resident;
    return c.pages[slot / kPageRows] * kPageRows + slot % kPageRows;
}

void CellTable::apply(HeadRef head, const Plan& plan) {
    Cells& c = cells(head);
    for (const PlanItem& item : plan.items) {
        if (item.action != PlanAction::Drop) continue;
        KVS_ASSERT(item.slot < c.positions.size() && c.positions[item.slot] == item.position);
        c.positions[item.slot] = kFree;
        c.freed.push_back(item.slot);
        --c.resident;
    }
    std::ranges::sort(c.freed, std::greater<>());
}

void CellTable::retire(HeadRef head, const Plan& plan) {
    Cells& c = cells(head);
    for (const PlanItem& item : plan.items) {
        if (item.action != PlanAction::Drop) continue;
        KVS_ASSERT(item.slot < c.positions.size() && c.positions[item.slot] == item.position);
        c.positions[item.slot] = kFree;
        --c.resident;
    }
    const auto isFree = [](std::uint32_t position) { return position == kFree; };
    while ((std::size_t{c.firstPage} + 1) * kPageRows <= c.positions.size()) {
        const auto begin = c.positions.begin() + std::ptrdiff_t{c.firstPage} * kPageRows;
        if (!std::all_of(begin, begin + kPageRows, isFree)) break;
        m_pools[head.stream].free.push_back(c.pages[c.firstPage]);
        ++c.firstPage;
    }
    std::erase_if(c.freed, [&](std::uint32_t slot) { return slot < c.firstPage * kPageRows; });
}

std::vector<ResidentRow> CellTable::residentRows(HeadRef head) const {
    const Cells& c = cells(head);
    std::vector<ResidentRow> rows;
    rows.reserve(c.resident);
    for (std::uint32_t slot = c.firstPage * kPageRows; slot < c.positions.size(); ++slot) {
        if (c.positions[slot] != kFree) rows.push_back({slot, c.positions[slot]});
    }
    return rows;
}

std::uint32_t CellTable::compactPages(std::uint32_t stream) const {
    std::uint32_t pages = 0;
    for (const Sequence& sequence : m_sequences) {
        if (!sequence.alive) continue;
        for (std::uint32_t head = 0; head < m_kvHeads[stream]; ++head) {
            const Cells& c = sequence.cells[m_headOffset[stream] + head];
            pages += c.firstPage > 0 ? static_cast<std::uint32_t>(c.pages.size()) - c.firstPage
                                     : (c.resident + kPageRows - 1) / kPageRows;
        }
    }
    return pages;
}

std::uint32_t CellTable::compactHead(Cells& c, std::uint32_t nextPage, std::vector<RowMove>& moves) {
    std::vector<ResidentRow> rows;
    for (std::uint32_t slot = c.firstPage * kPageRows; slot < c.positions.size(); ++slot) {
        if (c.positions[slot] != kFree) rows.push_back({slot, c.positions[slot]});
    }
    const auto physicalOf = [](const Cells& of, std::uint32_t slot) {
        return of.pages[slot / kPageRows] * kPageRows + slot % kPageRows;
    };
    if (c.firstPage > 0) {  // slots stay, since their order is that of the sums
        Cells moved = c;
        for (std::size_t page = c.firstPage; page < c.pages.size(); ++page) moved.pages[page] = nextPage++;
        for (const ResidentRow& row : rows) moves.push_back({physicalOf(c, row.slot), physicalOf(moved, row.slot)});
        c = std::move(moved);
        return nextPage;
    }
    std::ranges::sort(rows, {}, &ResidentRow::position);
    Cells packed;
    packed.resident = static_cast<std::uint32_t>(rows.size());
    for (const ResidentRow& row : rows) {
        const auto slot = static_cast<std::uint32_t>(packed.positions.size());
        if (slot % kPageRows == 0) packed.pages.push_back(nextPage++);
        packed.positions.push_back(row.position);
        moves.push_back({physicalOf(c, row.slot), physicalOf(packed, slot)});
    }
    c = std::move(packed);
    return nextPage;
}

std::vector<RowMove> CellTable::compact(std::uint32_t stream) {
    std::vector<RowMove> moves;
    Pool fresh;
    for (Sequence& sequence : m_sequences) {
        if (!sequence.alive) continue;
        for (std::uint32_t head = 0; head < m_kvHeads[stream]; ++head) {
            fresh.next = compactHead(sequence.cells[m_headOffset[stream] + head], fresh.next, moves);
        }
    }
    m_pools[stream] = std::move(fresh);
    return moves;
}

}  // namespace kvscope::cache
