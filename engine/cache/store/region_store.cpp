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

std::vector<std::uint32_t> kvHeadsOf(const StoreShape& shape) {
    std::vector<std::uint32_t> heads;
    for (const StreamShape& stream : shape.streams) heads.push_back(stream.kvHeads);
    return heads;
}

}  // namespace

RegionStore::RegionStore(kernels::KernelLibrary& library, const StoreShape& shape)
    : m_library(library),
      m_shape(shape),
      m_cells(kvHeadsOf(shape)),
      m_pools(shape.streams.size()),
      m_rings(shape.rings.size()),
      m_splits(shape.streams.size(), 1) {}

template <typename Visit>
void RegionStore::eachHead(Visit&& visit) const {
    for (std::uint32_t sequence = 0; sequence < m_cells.sequenceCapacity(); ++sequence) {
        if (!m_cells.alive(sequence)) continue;
        for (std::uint32_t stream = 0; stream < m_cells.streams(); ++stream) {
            for (std::uint32_t head = 0; head < m_cells.kvHeads(stream); ++head) {
                visit(HeadRef{sequence, stream, head});
            }
        }
    }
}

Result<std::unique_ptr<RegionStore>> RegionStore::create(kernels::KernelLibrary& library, const StoreShape& shape,
                                                         const CachePolicy& policy) {
    std::unique_ptr<RegionStore> store(new RegionStore(library, shape));
    if (auto read = store->readPolicy(policy); !read) return forward(read);
    const std::uint64_t slots = std::uint64_t{shape.contextLength} + shape.maxColumns;
    store->m_tableStride = static_cast<std::uint32_t>(ceilDiv(slots, kPageRows) + 1);
    for (std::uint32_t stream = 0; stream < store->m_pools.size(); ++stream) {
        auto made = store->makePool(stream, store->capacityFor(stream, 0));
        if (!made) return forward(made);
        store->m_pools[stream] = std::move(*made);
    }
    if (auto made = store->ensureIndex(); !made) return forward(made);
    return store;
}

Result<RegionStore::Storage> RegionStore::storageFor(const StreamShape& stream, const CachePolicy& policy) const {
    const Role keyRole = stream.index ? Role::Index : stream.sharedValue ? Role::Latent : Role::Key;
    const Role valueRole = stream.index ? Role::Index : stream.sharedValue ? Role::Latent : Role::Value;
    Storage storage;
    const auto find = [&](Role role, std::uint32_t dim) -> Result<const kernels::RowStorage*> {
        const std::string text = policy.storage(role);
        const auto* found = kernels::findRowStorage(text);
        if (found == nullptr) {
            return fail(ErrorKind::BadPolicy, "policy: encode", "no kernel reads rows stored as '{}'", text);
        }
        if (dim % found->blockValues != 0) {
            return fail(ErrorKind::BadPolicy, "policy: encode",
                        "'{}' stores blocks of {} values, but a head of this model has {}", text, found->blockValues,
                        dim);
        }
        return found;
    };
    auto key = find(keyRole, stream.headDim);
    if (!key) return forward(key);
    auto value = stream.sharedValue ? key : find(valueRole, stream.valueDim);
    if (!value) return forward(value);
    const bool blocks = (*key)->blockValues > 1 || (*value)->blockValues > 1;
    if (blocks && (stream.headDim % 32 != 0 || stream.valueDim % 32 != 0)) {
        return fail(ErrorKind::BadPolicy, "policy: encode",
                    "storage in blocks of 32 needs rows of whole blocks, but layer {} has keys of {} and values of {}",
                    stream.layer, stream.headDim, stream.valueDim);
    }
    return Storage{*key, *value};
}

Result<void> RegionStore::readPolicy(const CachePolicy& policy) {
    std::vector<Storage> storages;
    for (const StreamShape& stream : m_shape.streams) {
        auto storage = storageFor(stream, policy);
        if (!storage) return forward(storage);
        storages.push_back(*storage);
    }
    m_storage = std::move(storages);
    m_keep = policy.keep;
    m_sinks = policy.sinks();
    m_window = policy.window();
    return {};
}

std::uint32_t RegionStore::capacityFor(std::uint32_t stream, std::uint32_t pages) const {
    const std::uint32_t kvHeads = m_cells.kvHeads(stream);
    if (m_shape.rowsCap != 0) return m_shape.rowsCap / kPageRows * kvHeads;
    return std::max(pages + 2 * kvHeads, 4 * kvHeads);
}

Result<RegionStore::Pool> RegionStore::makePool(std::uint32_t stream, std::uint32_t pages) const {
    Pool pool;
    const auto bytes = checkedMul(pages, attentionShape(stream).pageBytes());
    KVS_ASSERT(bytes.has_value());
    auto made = vulkan::Buffer::create(
        m_library.device(), *bytes, vulkan::MemoryUse::Device,
        fmt::format("the cache of layer {} ({} pages of {} rows)", m_shape.streams[stream].layer, pages, kPageRows));
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

std::uint32_t RegionStore::maxAppend(std::uint32_t sequence, std::uint32_t nextPosition) {
    if (m_shape.rowsCap == 0) return m_shape.maxColumns;
    drop(sequence, nextPosition);
    std::uint32_t room = m_shape.maxColumns;
    for (std::uint32_t stream = 0; stream < m_cells.streams(); ++stream) {
        const std::uint32_t freePages = m_pools[stream].capacity - m_cells.usedPages(stream);
        for (std::uint32_t head = 0; head < m_cells.kvHeads(stream); ++head) {
            const HeadRef ref{sequence, stream, head};
            const std::uint32_t lastPage = (kPageRows - m_cells.slots(ref) % kPageRows) % kPageRows;
            const std::uint32_t rows =
                m_cells.freeSlots(ref) + lastPage + freePages / m_cells.kvHeads(stream) * kPageRows;
            room = std::min(room, rows * m_shape.streams[stream].tokensPerRow);
        }
    }
    return room;
}

void RegionStore::forget(const HeadRef& head, const Plan& plan, StoreEvent& event) {
    auto positions = m_pools[head.stream].positions.view<std::uint32_t>();
    for (const PlanItem& item : plan.items) {
        if (item.action != PlanAction::Drop) continue;
        positions[m_cells.physical(head, item.slot)] = CellTable::kFree;
        event.positionFirst = std::min(event.positionFirst, item.position);
        event.positionLast = std::max(event.positionLast, item.position);
        event.bytesDropped += rowBytes(head.stream);
        ++event.rowsDropped;
    }
}

void RegionStore::dropOutsideWindow(const HeadRef& head, std::uint32_t nextPosition) {
    const std::uint32_t window = m_shape.streams[head.stream].nativeWindow;
    if (window == 0 || nextPosition < window) return;
    Plan plan;
    for (const ResidentRow& row : m_cells.residentRows(head)) {
        if (row.position + window <= nextPosition) {
            plan.items.push_back({.action = PlanAction::Drop, .slot = row.slot, .position = row.position});
        }
    }
    StoreEvent native;  // the architecture's own doing, no decision
    forget(head, plan, native);
    m_cells.retire(head, plan);
}

void RegionStore::drop(std::uint32_t sequence, std::uint32_t nextPosition) {
    StoreEvent event{.sequence = sequence, .positionFirst = CellTable::kFree};
    std::optional<std::size_t> first;
    for (std::uint32_t stream = 0; stream < m_cells.streams(); ++stream) {
        const StreamShape& shape = m_shape.streams[stream];
        for (std::uint32_t head = 0; head < shape.kvHeads; ++head) {
            const HeadRef ref{sequence, stream, head};
            dropOutsideWindow(ref, nextPosition);
            if (m_keep.chain.empty() || shape.index || shape.tokensPerRow > 1) continue;
            const auto rows = m_cells.residentRows(ref);
            const Plan plan = planKeep(m_keep, {rows, nextPosition});
            forget(ref, plan, event);
            m_cells.apply(ref, plan);
            if (!first) first = plan.items.size();
            event.perHeadEqual = event.perHeadEqual && plan.items.size() == *first;
        }
    }
    if (event.rowsDropped > 0) m_events.push_back(event);
}

bool RegionStore::wasteful(std::span<const Column> columns) const {
    if (m_shape.rowsCap != 0) return false;
    bool found = false;
    eachHead([&](const HeadRef& ref) {
        const auto appended = static_cast<std::uint32_t>(
            std::ranges::count_if(columns, [&](const Column& c) { return c.sequence == ref.sequence; }));
        const std::uint32_t unused = m_cells.freeSlots(ref) - std::min(m_cells.freeSlots(ref), appended);
        found = found || (unused >= kPageRows && unused * 10 > m_cells.slots(ref));
    });
    return found;
}

Result<void> RegionStore::prepare(std::span<const Column> columns) {
    KVS_ASSERT(columns.size() <= m_shape.maxColumns);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i == 0 || columns[i].sequence != columns[i - 1].sequence) drop(columns[i].sequence, columns[i].position);
    }
    if (wasteful(columns)) {
        if (auto done = rebuild(shapes()); !done) return done;
    }
    m_slots.assign(std::size_t{m_cells.heads()} * m_shape.maxColumns, CellTable::kFree);
    for (std::uint32_t stream = 0; stream < m_cells.streams(); ++stream) {
        const std::uint32_t step = m_shape.streams[stream].tokensPerRow;
        for (std::uint32_t head = 0; head < m_cells.kvHeads(stream); ++head) {
            const std::size_t base = (std::size_t{m_cells.headOffset(stream)} + head) * m_shape.maxColumns;
            for (std::size_t c = 0; c < columns.size(); ++c) {
                if ((columns[c].position + 1) % step != 0) continue;
                m_slots[base + c] = m_cells.append({columns[c].sequence, stream, head}, columns[c].position);
            }
        }
    }
    if (auto done = ensureCapacity(); !done) return done;
    updateSplits();
    writeIndex(columns);
    return {};
}

void RegionStore::updateSplits() {
    std::vector<std::uint32_t> slots(m_cells.streams(), 1);
    eachHead([&](const HeadRef& ref) {
        const std::uint32_t before = m_cells.firstSlot(ref) / kSplitRows * kSplitRows;  // splits that are gone
        slots[ref.stream] = std::max(slots[ref.stream], m_cells.slots(ref) - before);
    });
    for (std::uint32_t stream = 0; stream < m_cells.streams(); ++stream) {
        const std::uint32_t splits = std::bit_ceil(static_cast<std::uint32_t>(ceilDiv(slots[stream], kSplitRows)));
        if (splits <= m_splits[stream] && splits * 4 > m_splits[stream]) continue;
        m_splits[stream] = splits;
        ++m_generation;
    }
}

Result<void> RegionStore::ensureCapacity() {
    std::vector<std::uint32_t> capacities(m_cells.streams(), 0);
    bool grows = false;
    for (std::uint32_t stream = 0; stream < m_cells.streams(); ++stream) {
        const std::uint32_t needed = m_cells.poolPages(stream);
        capacities[stream] = m_pools[stream].capacity;
        if (needed <= capacities[stream]) continue;
        if (m_shape.rowsCap != 0) {
            return fail(ErrorKind::OutOfMemory, "cache",
                        "layer {} needs {} pages, but the cap of {} rows a head allows {}",
                        m_shape.streams[stream].layer, needed, m_shape.rowsCap, capacities[stream]);
        }
        // The last doubling stops at what the context can need.
        const auto most = static_cast<std::uint32_t>(std::uint64_t{m_tableStride} * m_cells.kvHeads(stream) *
                                                     std::max(1U, m_cells.sequenceCapacity()));
        capacities[stream] = std::max(needed, std::min(capacities[stream] * 2, most));
        grows = true;
    }
    return grows ? growPools(capacities) : Result<void>{};
}

Result<void> RegionStore::growPools(std::span<const std::uint32_t> capacities) {
    // all memory first: when it cannot be had, nothing has changed
    std::vector<std::optional<Pool>> grown(m_pools.size());
    auto list = vulkan::CommandList::begin(m_library.device(), 0, false);
    if (!list) return forward(list);
    for (std::uint32_t stream = 0; stream < m_pools.size(); ++stream) {
        if (capacities[stream] == m_pools[stream].capacity) continue;
        auto pool = makePool(stream, capacities[stream]);
        if (!pool) return forward(pool);
        grown[stream] = std::move(*pool);
        list->copy(m_pools[stream].pages, grown[stream]->pages, m_pools[stream].pages.bytes());
        const auto from = m_pools[stream].positions.view<std::uint32_t>();
        std::ranges::copy(from, grown[stream]->positions.view<std::uint32_t>().begin());
    }
    if (auto ended = list->end(); !ended) return ended;
    if (auto done = list->submitAndWait(); !done) return done;
    for (std::uint32_t stream = 0; stream < m_pools.size(); ++stream) {
        if (grown[stream]) m_pools[stream] = std::move(*grown[stream]);
    }
    ++m_generation;
    return {};
}

Result<void> RegionStore::rebuild(std::span<const kernels::AttentionShape> from) {
    // all memory first: when it cannot be had, nothing has changed
    std::vector<Pool> fresh;
    for (std::uint32_t stream = 0; stream < m_cells.streams(); ++stream) {
        auto pool = makePool(stream, capacityFor(stream, m_cells.compactPages(stream)));
        if (!pool) return forward(pool);
        fresh.push_back(std::move(*pool));
    }
    const std::vector<Pool> before = std::exchange(m_pools, std::move(fresh));
    for (std::uint32_t stream = 0; stream < m_cells.streams(); ++stream) {
        const std::vector<RowMove> moves = m_cells.compact(stream);
        if (auto moved = moveRows(stream, moves, from[stream], before[stream]); !moved) return moved;
    }
    updateSplits();
    ++m_generation;
    return {};
}

Result<void> RegionStore::moveRows(std::uint32_t stream, std::span<const RowMove> moves,
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
        kernels::KvMoveArgs args{.from = from, .to = attentionShape(stream), .moves = &*upload};
        args.fromPages = &source.pages;
        args.fromPositions = &source.positions;
        args.toPages = &m_pools[stream].pages;
        args.toPositions = &m_pools[stream].positions;
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

std::vector<kernels::AttentionShape> RegionStore::shapes() const {
    std::vector<kernels::AttentionShape> list;
    for (std::uint32_t stream = 0; stream < m_cells.streams(); ++stream) list.push_back(attentionShape(stream));
    return list;
}

Result<void> RegionStore::setPolicy(const CachePolicy& policy) {
    const std::vector<kernels::AttentionShape> before = shapes();
    const std::vector<Storage> storageBefore = m_storage;
    const KeepPart keepBefore = m_keep;
    const auto [sinksBefore, windowBefore] = std::pair(m_sinks, m_window);
    if (auto read = readPolicy(policy); !read) return read;
    ++m_generation;
    if (storageBefore == m_storage) return {};
    auto rebuilt = rebuild(before);
    if (!rebuilt) {  // the old policy goes on
        m_storage = storageBefore;
        m_sinks = sinksBefore;
        m_window = windowBefore;
        m_keep = keepBefore;
    }
    return rebuilt;
}

kernels::AttentionShape RegionStore::attentionShape(std::uint32_t stream) const {
    const StreamShape& from = m_shape.streams[stream];
    const bool kept = !from.index && from.tokensPerRow == 1;  // what the keep axis acts on
    kernels::AttentionShape shape;
    shape.key = m_storage[stream].key;
    shape.value = m_storage[stream].value;
    shape.headDim = from.headDim;
    shape.valueDim = from.valueDim;
    shape.shared = from.sharedValue;
    shape.heads = from.heads;
    shape.kvHeads = from.kvHeads;
    shape.sinks = kept ? m_sinks : 0;
    shape.window = kept ? m_window : 0;
    shape.nativeWindow = from.nativeWindow;
    return shape;
}

std::uint64_t RegionStore::rowsResident() const {
    std::uint64_t sum = 0;
    eachHead([&](const HeadRef& ref) { sum += m_cells.rows(ref); });
    return sum;
}

std::uint64_t RegionStore::bytesResident() const {
    std::uint64_t sum = 0;
    eachHead([&](const HeadRef& ref) { sum += m_cells.rows(ref) * rowBytes(ref.stream); });
    return sum;
}

}  // namespace kvscope::cache
