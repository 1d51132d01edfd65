// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/store/region_store.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/base/assert.h"
#include "engine/base/checked.h"
#include "engine/cache/keep/planner.h"
#include "engine/kernels/rows.h"

namespace kvscope::cache {

namespace {

constexpr std::uint32_t kPageRows = CellTable::kPageRows;
constexpr std::uint32_t kSplitRows = 256;

}  // namespace

RegionStore::RegionStore(kernels::KernelLibrary& library, const StoreShape& shape)
    : m_library(library), m_shape(shape), m_cells(shape.layers, shape.kvHeads), m_pools(shape.layers) {}

Result<std::unique_ptr<RegionStore>> RegionStore::create(kernels::KernelLibrary& library, const StoreShape& shape,
                                                         const CachePolicy& policy) {
    std::unique_ptr<RegionStore> store(new RegionStore(library, shape));
    if (auto read = store->readPolicy(policy); !read) return forward(read);
    const std::uint64_t slots = std::uint64_t{shape.contextLength} + shape.maxColumns;
    store->m_tableStride = static_cast<std::uint32_t>(ceilDiv(slots, kPageRows) + 1);
    for (Pool& pool : store->m_pools) {
        auto made = store->makePool(store->capacityFor(0));
        if (!made) return forward(made);
        pool = std::move(*made);
    }
    if (auto made = store->ensureIndex(); !made) return forward(made);
    return store;
}

Result<void> RegionStore::readPolicy(const CachePolicy& policy) {
    const std::string key = policy.storage(Role::Key);
    const std::string value = policy.storage(Role::Value);
    const auto* keyStorage = kernels::findRowStorage(key);
    const auto* valueStorage = kernels::findRowStorage(value);
    for (const auto& [storage, text] : {std::pair(keyStorage, key), std::pair(valueStorage, value)}) {
        if (storage == nullptr) {
            return fail(ErrorKind::BadPolicy, "policy: encode", "no kernel reads rows stored as '{}'", text);
        }
        if (m_shape.headDim % storage->blockValues != 0) {
            return fail(ErrorKind::BadPolicy, "policy: encode",
                        "'{}' stores blocks of {} values, but a head of this model has {}", text, storage->blockValues,
                        m_shape.headDim);
        }
    }
    m_key = keyStorage;
    m_value = valueStorage;
    m_keep = policy.keep;
    m_sinks = policy.sinks();
    m_window = policy.window();
    return {};
}

std::uint32_t RegionStore::capacityFor(std::uint32_t pages) const {
    if (m_shape.rowsCap != 0) return m_shape.rowsCap / kPageRows * m_shape.kvHeads;
    const std::uint32_t slack = 2 * m_shape.kvHeads;
    return std::max(pages + slack, 4 * m_shape.kvHeads);
}

Result<RegionStore::Pool> RegionStore::makePool(std::uint32_t pages) const {
    Pool pool;
    const auto bytes = checkedMul(pages, attentionShape().pageBytes());
    KVS_ASSERT(bytes.has_value());
    auto made = vulkan::Buffer::create(m_library.device(), *bytes, vulkan::MemoryUse::Device,
                                       fmt::format("the cache of a layer ({} pages of {} rows)", pages, kPageRows));
    if (!made) return forward(made);
    auto positions = vulkan::Buffer::create(m_library.device(), std::uint64_t{pages} * kPageRows * 4,
                                            vulkan::MemoryUse::Upload, "the positions of a layer's rows");
    if (!positions) return forward(positions);
    pool.pages = std::move(*made);
    pool.positions = std::move(*positions);
    pool.capacity = pages;
    return pool;
}

Result<std::uint32_t> RegionStore::addSequence() {
    const std::uint32_t sequence = m_cells.addSequence();
    if (auto made = ensureIndex(); !made) {
        m_cells.removeSequence(sequence);
        return forward(made);
    }
    return sequence;
}

void RegionStore::removeSequence(std::uint32_t sequence) {
    m_cells.removeSequence(sequence);
}

std::uint32_t RegionStore::headIndex(const HeadRef& head) const {
    return (head.sequence * m_shape.layers + head.layer) * m_shape.kvHeads + head.kvHead;
}

Result<void> RegionStore::ensureIndex() {
    const std::uint32_t wanted = std::max(1U, m_cells.sequenceCapacity());
    if (wanted <= m_sequences) return {};
    const std::uint32_t sequences = std::max(wanted, m_sequences * 2);
    const std::uint64_t heads = std::uint64_t{m_shape.layers} * m_shape.kvHeads;
    const std::uint64_t words = heads * sequences * (1 + std::uint64_t{m_tableStride}) + heads * m_shape.maxColumns;
    auto index =
        vulkan::Buffer::create(m_library.device(), words * 4, vulkan::MemoryUse::Upload, "page tables and row counts");
    if (!index) return forward(index);
    m_index = std::move(*index);
    m_sequences = sequences;
    ++m_generation;
    return {};
}

std::uint32_t RegionStore::maxAppend(std::uint32_t sequence, std::uint32_t nextPosition) {
    if (m_shape.rowsCap == 0) return m_shape.maxColumns;
    drop(sequence, nextPosition);
    const std::uint32_t capacity = m_pools[0].capacity;
    std::uint32_t room = m_shape.maxColumns;
    for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
        const std::uint32_t freePages = capacity - m_cells.usedPages(layer);
        for (std::uint32_t head = 0; head < m_shape.kvHeads; ++head) {
            const HeadRef ref{sequence, layer, head};
            const std::uint32_t lastPage = (kPageRows - m_cells.slots(ref) % kPageRows) % kPageRows;
            room = std::min(room, m_cells.freeSlots(ref) + lastPage + freePages / m_shape.kvHeads * kPageRows);
        }
    }
    return room;
}

void RegionStore::drop(std::uint32_t sequence, std::uint32_t nextPosition) {
    if (m_keep.chain.empty()) return;
    StoreEvent event{.sequence = sequence, .positionFirst = CellTable::kFree};
    std::vector<PlanItem> first;
    for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
        auto positions = m_pools[layer].positions.view<std::uint32_t>();
        for (std::uint32_t head = 0; head < m_shape.kvHeads; ++head) {
            const HeadRef ref{sequence, layer, head};
            const auto rows = m_cells.residentRows(ref);
            const Plan plan = planKeep(m_keep, {rows, nextPosition});
            for (const PlanItem& item : plan.items) {
                if (item.action != PlanAction::Drop) continue;
                positions[m_cells.physical(ref, item.slot)] = CellTable::kFree;
                event.positionFirst = std::min(event.positionFirst, item.position);
                event.positionLast = std::max(event.positionLast, item.position);
                ++event.rowsDropped;
            }
            m_cells.apply(ref, plan);
            if (layer == 0 && head == 0) first = plan.items;
            event.perHeadEqual = event.perHeadEqual && plan.items.size() == first.size();
        }
    }
    if (event.rowsDropped == 0) return;
    event.bytesDropped = event.rowsDropped * rowBytes();
    m_events.push_back(event);
}

bool RegionStore::wasteful(std::span<const Column> columns) const {
    if (m_shape.rowsCap != 0) return false;
    for (std::uint32_t sequence = 0; sequence < m_cells.sequenceCapacity(); ++sequence) {
        if (!m_cells.alive(sequence)) continue;
        const auto appended = static_cast<std::uint32_t>(
            std::ranges::count_if(columns, [&](const Column& c) { return c.sequence == sequence; }));
        for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
            for (std::uint32_t head = 0; head < m_shape.kvHeads; ++head) {
                const HeadRef ref{sequence, layer, head};
                const std::uint32_t unused = m_cells.freeSlots(ref) - std::min(m_cells.freeSlots(ref), appended);
                if (unused >= kPageRows && unused * 10 > m_cells.slots(ref)) return true;
            }
        }
    }
    return false;
}

Result<void> RegionStore::prepare(std::span<const Column> columns) {
    KVS_ASSERT(columns.size() <= m_shape.maxColumns);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i == 0 || columns[i].sequence != columns[i - 1].sequence) drop(columns[i].sequence, columns[i].position);
    }
    if (wasteful(columns)) {
        if (auto done = rebuild(attentionShape()); !done) return done;
    }
    m_slots.assign(std::size_t{m_shape.layers} * m_shape.kvHeads * m_shape.maxColumns, 0);
    for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
        for (std::uint32_t head = 0; head < m_shape.kvHeads; ++head) {
            for (std::size_t c = 0; c < columns.size(); ++c) {
                m_slots[(std::size_t{layer} * m_shape.kvHeads + head) * m_shape.maxColumns + c] =
                    m_cells.append({columns[c].sequence, layer, head}, columns[c].position);
            }
        }
    }
    if (auto done = ensureCapacity(); !done) return done;
    updateSplits();
    writeIndex(columns);
    return {};
}

void RegionStore::updateSplits() {
    std::uint32_t slots = 1;
    for (std::uint32_t sequence = 0; sequence < m_cells.sequenceCapacity(); ++sequence) {
        if (!m_cells.alive(sequence)) continue;
        for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
            for (std::uint32_t head = 0; head < m_shape.kvHeads; ++head) {
                slots = std::max(slots, m_cells.slots({sequence, layer, head}));
            }
        }
    }
    const std::uint32_t splits = std::bit_ceil(static_cast<std::uint32_t>(ceilDiv(slots, kSplitRows)));
    if (splits > m_splits || splits * 4 <= m_splits) {
        m_splits = splits;
        ++m_generation;
    }
}

Result<void> RegionStore::ensureCapacity() {
    std::vector<std::uint32_t> capacities(m_shape.layers, 0);
    bool grows = false;
    for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
        const std::uint32_t needed = m_cells.poolPages(layer);
        capacities[layer] = m_pools[layer].capacity;
        if (needed <= capacities[layer]) continue;
        if (m_shape.rowsCap != 0) {
            return fail(ErrorKind::OutOfMemory, "cache",
                        "layer {} needs {} pages, but the cap of {} rows a head allows {}", layer, needed,
                        m_shape.rowsCap, capacities[layer]);
        }
        // The last doubling stops at what the context can need.
        const auto most = static_cast<std::uint32_t>(std::uint64_t{m_tableStride} * m_shape.kvHeads *
                                                     std::max(1U, m_cells.sequenceCapacity()));
        capacities[layer] = std::max(needed, std::min(capacities[layer] * 2, most));
        grows = true;
    }
    return grows ? growPools(capacities) : Result<void>{};
}

Result<void> RegionStore::growPools(std::span<const std::uint32_t> capacities) {
    std::vector<Pool> grown;
    for (const std::uint32_t capacity : capacities) {
        auto pool = makePool(capacity);
        if (!pool) return forward(pool);
        grown.push_back(std::move(*pool));
    }
    auto list = vulkan::CommandList::begin(m_library.device(), 0, false);
    if (!list) return forward(list);
    for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
        list->copy(m_pools[layer].pages, grown[layer].pages, m_pools[layer].pages.bytes());
        const auto from = m_pools[layer].positions.view<std::uint32_t>();
        std::ranges::copy(from, grown[layer].positions.view<std::uint32_t>().begin());
    }
    if (auto ended = list->end(); !ended) return ended;
    if (auto done = list->submitAndWait(); !done) return done;
    m_pools = std::move(grown);
    ++m_generation;
    return {};
}

Result<void> RegionStore::rebuild(const kernels::AttentionShape& from) {
    // all memory first: when it cannot be had, nothing has changed
    std::vector<Pool> fresh;
    for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
        auto pool = makePool(capacityFor(m_cells.compactPages(layer)));
        if (!pool) return forward(pool);
        fresh.push_back(std::move(*pool));
    }
    const std::vector<Pool> before = std::exchange(m_pools, std::move(fresh));
    for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
        const std::vector<RowMove> moves = m_cells.compact(layer);
        if (auto moved = moveRows(layer, moves, from, before[layer]); !moved) return moved;
    }
    updateSplits();
    ++m_generation;
    return {};
}

Result<void> RegionStore::moveRows(std::uint32_t layer, std::span<const RowMove> moves,
                                   const kernels::AttentionShape& from, const Pool& source) {
    if (moves.empty()) return {};
    auto upload = vulkan::Buffer::create(m_library.device(), moves.size() * sizeof(RowMove), vulkan::MemoryUse::Upload,
                                         "the list of rows to move");
    if (!upload) return forward(upload);
    std::ranges::copy(moves, upload->view<RowMove>().begin());
    constexpr std::uint32_t kMost = 65535;
    const auto dispatches = static_cast<std::uint32_t>(ceilDiv(moves.size(), kMost));
    auto list = vulkan::CommandList::begin(m_library.device(), dispatches, false);
    if (!list) return forward(list);
    for (std::uint32_t first = 0; first < moves.size(); first += kMost) {
        kernels::KvMoveArgs args{.from = from, .to = attentionShape(), .moves = &*upload};
        args.fromPages = &source.pages;
        args.fromPositions = &source.positions;
        args.toPages = &m_pools[layer].pages;
        args.toPositions = &m_pools[layer].positions;
        args.first = first;
        args.count = std::min(kMost, static_cast<std::uint32_t>(moves.size()) - first);
        auto dispatch = kernels::kvMove(m_library, args);
        if (!dispatch) return forward(dispatch);
        if (auto recorded = m_library.record(*list, *dispatch); !recorded) return recorded;
        if (!m_moved) m_moved.emplace();
        *m_moved += dispatch->traffic;
    }
    if (auto ended = list->end(); !ended) return ended;
    return list->submitAndWait();
}

Result<void> RegionStore::setPolicy(const CachePolicy& policy) {
    const kernels::AttentionShape before = attentionShape();
    const KeepPart keepBefore = m_keep;
    if (auto read = readPolicy(policy); !read) return read;
    ++m_generation;
    if (before.key == m_key && before.value == m_value) return {};
    auto rebuilt = rebuild(before);
    if (!rebuilt) {  // the old policy goes on
        m_key = before.key;
        m_value = before.value;
        m_sinks = before.sinks;
        m_window = before.window;
        m_keep = keepBefore;
    }
    return rebuilt;
}

kernels::AttentionShape RegionStore::attentionShape() const {
    kernels::AttentionShape shape;
    shape.key = m_key;
    shape.value = m_value;
    shape.headDim = m_shape.headDim;
    shape.heads = m_shape.heads;
    shape.kvHeads = m_shape.kvHeads;
    shape.scale = m_shape.scale;
    shape.sinks = m_sinks;
    shape.window = m_window;
    return shape;
}

kernels::CacheView RegionStore::view(std::uint32_t layer, const vulkan::Buffer* columns) const {
    kernels::CacheView view;
    view.columns = columns;
    view.index = &m_index;
    view.positions = &m_pools[layer].positions;
    view.pages = &m_pools[layer].pages;
    view.headBase = layer * m_shape.kvHeads;
    view.headStride = m_shape.layers * m_shape.kvHeads;
    view.tableBase = m_sequences * m_shape.layers * m_shape.kvHeads;
    view.tableStride = m_tableStride;
    return view;
}

std::uint32_t RegionStore::slotBase(std::uint32_t layer) const {
    const std::uint32_t heads = m_shape.layers * m_shape.kvHeads;
    return heads * m_sequences * (1 + m_tableStride) + layer * m_shape.kvHeads * m_shape.maxColumns;
}

void RegionStore::writeSequence(std::uint32_t sequence) {
    auto index = m_index.view<std::uint32_t>();
    const std::uint32_t tableBase = m_sequences * m_shape.layers * m_shape.kvHeads;
    for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
        for (std::uint32_t head = 0; head < m_shape.kvHeads; ++head) {
            const HeadRef ref{sequence, layer, head};
            const std::uint32_t at = headIndex(ref);
            index[at] = m_cells.slots(ref);
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

std::uint64_t RegionStore::rowBytes() const {
    return m_key->rowBytes(m_shape.headDim) + m_value->rowBytes(m_shape.headDim);
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

std::uint64_t RegionStore::rowsResident() const {
    std::uint64_t sum = 0;
    for (std::uint32_t sequence = 0; sequence < m_cells.sequenceCapacity(); ++sequence) {
        if (!m_cells.alive(sequence)) continue;
        for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
            for (std::uint32_t head = 0; head < m_shape.kvHeads; ++head) sum += m_cells.rows({sequence, layer, head});
        }
    }
    return sum;
}

}  // namespace kvscope::cache
