// SPDX-License-Identifier: Apache-2.0
// What kernels find rows by: counts, page tables, append slots; and the rings of compressors.
#include <algorithm>

#include "engine/cache/store/region_store.h"

namespace kvscope::cache {

std::uint32_t RegionStore::headIndex(const HeadRef& head) const {
    return head.sequence * m_cells.heads() + m_cells.headOffset(head.stream) + head.kvHead;
}

Result<void> RegionStore::ensureIndex() {
    const std::uint32_t wanted = std::max(1U, m_cells.sequenceCapacity());
    if (wanted <= m_sequences) return {};
    const std::uint32_t sequences = std::max(wanted, m_sequences * 2);
    const std::uint64_t heads = m_cells.heads();
    const std::uint64_t words = heads * sequences * (2 + std::uint64_t{m_tableStride}) + heads * m_shape.maxColumns;
    auto index =
        vulkan::Buffer::create(m_library.device(), words * 4, vulkan::MemoryUse::Upload, "page tables and row counts");
    if (!index) return forward(index);
    if (auto grown = growRings(sequences); !grown) return grown;
    m_index = std::move(*index);
    m_sequences = sequences;
    ++m_generation;
    return {};
}

Result<void> RegionStore::growRings(std::uint32_t sequences) {
    for (std::size_t i = 0; i < m_rings.size(); ++i) {
        const RingShape& shape = m_shape.rings[i];
        const std::uint64_t bytes = std::uint64_t{sequences} * shape.tokens * shape.values * 4;
        auto ring =
            vulkan::Buffer::create(m_library.device(), bytes, vulkan::MemoryUse::Device, "a compressor's state");
        if (!ring) return forward(ring);
        if (m_sequences > 0) {
            auto list = vulkan::CommandList::begin(m_library.device(), 0, false);
            if (!list) return forward(list);
            list->copy(m_rings[i], *ring, m_rings[i].bytes());
            if (auto ended = list->end(); !ended) return ended;
            if (auto done = list->submitAndWait(); !done) return done;
        }
        m_rings[i] = std::move(*ring);
    }
    return {};
}

kernels::CacheView RegionStore::view(std::uint32_t stream, const vulkan::Buffer* columns) const {
    kernels::CacheView view;
    view.columns = columns;
    view.index = &m_index;
    view.positions = &m_pools[stream].positions;
    view.pages = &m_pools[stream].pages;
    view.headBase = m_cells.headOffset(stream);
    view.headStride = m_cells.heads();
    view.tableBase = m_sequences * m_cells.heads();
    view.tableStride = m_tableStride;
    view.firstBase = m_shape.streams[stream].nativeWindow > 0 ? firstBase() : 0;
    return view;
}

std::uint32_t RegionStore::slotBase(std::uint32_t stream) const {
    return m_cells.heads() * m_sequences * (1 + m_tableStride) + m_cells.headOffset(stream) * m_shape.maxColumns;
}

std::uint32_t RegionStore::firstBase() const {
    return slotBase(0) + m_cells.heads() * m_shape.maxColumns;
}

void RegionStore::writeSequence(std::uint32_t sequence) {
    auto index = m_index.view<std::uint32_t>();
    const std::uint32_t tableBase = m_sequences * m_cells.heads();
    for (std::uint32_t stream = 0; stream < m_cells.streams(); ++stream) {
        for (std::uint32_t head = 0; head < m_cells.kvHeads(stream); ++head) {
            const HeadRef ref{sequence, stream, head};
            const std::uint32_t at = headIndex(ref);
            index[at] = m_cells.slots(ref);
            index[firstBase() + at] = m_cells.firstSlot(ref);
            std::ranges::copy(m_cells.pages(ref), index.begin() + tableBase + std::ptrdiff_t{at} * m_tableStride);
        }
    }
}

void RegionStore::writeIndex(std::span<const Column> columns) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i == 0 || columns[i].sequence != columns[i - 1].sequence) writeSequence(columns[i].sequence);
    }
    std::ranges::copy(m_slots, m_index.view<std::uint32_t>().begin() + slotBase(0));
}

std::uint64_t RegionStore::pageBytesAllocated() const {
    std::uint64_t sum = 0;
    for (const Pool& pool : m_pools) sum += pool.pages.bytes();
    return sum;
}

std::uint64_t RegionStore::indexBytes() const {
    std::uint64_t sum = m_index.bytes();
    for (const Pool& pool : m_pools) sum += pool.positions.bytes();
    return sum;
}

std::uint64_t RegionStore::ringBytes() const {
    std::uint64_t sum = 0;
    for (const vulkan::Buffer& ring : m_rings) sum += ring.bytes();
    return sum;
}

}  // namespace kvscope::cache
