// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/cache/store/cell_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace kvscope::test {
namespace {

constexpr std::uint32_t kPageRows = cache::CellTable::kPageRows;
constexpr std::uint32_t kFree = cache::CellTable::kFree;

std::string name(const cache::HeadRef& ref) {
    return fmt::format("sequence {} layer {} head {}", ref.sequence, ref.stream, ref.kvHead);
}

void checkHead(const CellSnapshot::Head& head, const FakePool& pool, std::vector<std::string>& found) {
    const std::string who = name(head.ref);
    const auto live = static_cast<std::size_t>(
        std::count_if(head.positions.begin(), head.positions.end(), [](std::uint32_t p) { return p != kFree; }));
    if (live != head.rows) found.push_back(fmt::format("{}: {} rows are counted, {} lie there", who, head.rows, live));
    if (head.positions.size() - live != head.freeSlots) {
        found.push_back(fmt::format("{}: {} free slots are counted, {} are free", who, head.freeSlots,
                                    head.positions.size() - live));
    }
    if (head.pages.size() != (head.positions.size() + kPageRows - 1) / kPageRows) {
        found.push_back(fmt::format("{}: {} pages for {} slots", who, head.pages.size(), head.positions.size()));
        return;
    }
    std::set<std::uint32_t> seen;
    for (std::uint32_t slot = 0; slot < head.positions.size(); ++slot) {
        const std::uint32_t position = head.positions[slot];
        if (position == kFree) continue;
        if (!seen.insert(position).second) found.push_back(fmt::format("{}: position {} twice", who, position));
        const auto row = pool.find(head.pages[slot / kPageRows] * kPageRows + slot % kPageRows);
        if (row == pool.end() || row->second != RowId{head.ref.sequence, head.ref.kvHead, position}) {
            found.push_back(fmt::format("{}: the row of position {} holds something else", who, position));
        }
    }
}

}  // namespace

CellSnapshot CellSnapshot::of(const cache::CellTable& table) {
    CellSnapshot snapshot;
    for (std::uint32_t layer = 0; layer < table.streams(); ++layer) {
        Layer one{.poolPages = table.poolPages(layer), .usedPages = table.usedPages(layer)};
        for (std::uint32_t sequence = 0; sequence < table.sequenceCapacity(); ++sequence) {
            if (!table.alive(sequence)) continue;
            for (std::uint32_t head = 0; head < table.kvHeads(layer); ++head) {
                const cache::HeadRef ref{sequence, layer, head};
                const auto pages = table.pages(ref);
                const auto positions = table.positions(ref);
                one.heads.push_back({ref,
                                     {pages.begin(), pages.end()},
                                     {positions.begin(), positions.end()},
                                     table.rows(ref),
                                     table.freeSlots(ref)});
            }
        }
        snapshot.layers.push_back(std::move(one));
    }
    return snapshot;
}

std::vector<std::string> violations(const CellSnapshot& snapshot, const std::vector<FakePool>& pools) {
    std::vector<std::string> found;
    for (std::size_t layer = 0; layer < snapshot.layers.size(); ++layer) {
        std::map<std::uint32_t, std::string> owner;
        for (const CellSnapshot::Head& head : snapshot.layers[layer].heads) {
            for (const std::uint32_t page : head.pages) {
                const auto [other, fresh] = owner.emplace(page, name(head.ref));
                if (!fresh)
                    found.push_back(
                        fmt::format("page {} belongs to {} and to {}", page, other->second, name(head.ref)));
                if (page >= snapshot.layers[layer].poolPages) {
                    found.push_back(fmt::format("{}: page {} is outside the pool", name(head.ref), page));
                }
            }
            checkHead(head, pools[layer], found);
        }
        if (owner.size() != snapshot.layers[layer].usedPages) {
            found.push_back(fmt::format("layer {}: {} pages are counted as used, {} are", layer,
                                        snapshot.layers[layer].usedPages, owner.size()));
        }
    }
    return found;
}

std::vector<std::string> notCompact(const CellSnapshot::Layer& layer) {
    std::vector<std::string> found;
    std::size_t pages = 0;
    for (const CellSnapshot::Head& head : layer.heads) {
        pages += head.pages.size();
        if (head.freeSlots != 0) found.push_back(name(head.ref) + ": has free slots");
        if (!std::is_sorted(head.positions.begin(), head.positions.end())) {
            found.push_back(name(head.ref) + ": rows are not in order of position");
        }
        if (head.pages.size() != (head.rows + kPageRows - 1) / kPageRows) {
            found.push_back(name(head.ref) + ": more pages than its rows need");
        }
    }
    if (pages != layer.poolPages) found.push_back("pages are not numbered densely");
    return found;
}

}  // namespace kvscope::test
