// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/cache/cells/cell_table.h"

namespace kvscope::test {

/// What a row holds in the fake store: which token of which sequence it is.
struct RowId {
    std::uint32_t sequence = 0;
    std::uint32_t head = 0;  ///< KV head
    std::uint32_t position = 0;
    bool operator==(const RowId&) const = default;
};

/// One layer's pool that holds ids instead of vectors: what lies in each physical slot, as the device would.
using FakePool = std::map<std::uint32_t, RowId>;

/// A cell table written out, so that a test can damage it.
struct CellSnapshot {
    struct Head {
        cache::HeadRef ref;
        std::vector<std::uint32_t> pages, positions;
        std::uint32_t rows = 0, freeSlots = 0;
    };
    struct Layer {
        std::vector<Head> heads;
        std::uint32_t poolPages = 0, usedPages = 0;
    };
    std::vector<Layer> layers;

    static CellSnapshot of(const cache::CellTable& table);
};

/// What is wrong, a sentence each: pages or slots with two owners, counts that disagree, rows whose content is another
/// token's, positions held twice, pages outside the pool.
[[nodiscard]] std::vector<std::string> violations(const CellSnapshot& snapshot, const std::vector<FakePool>& pools);
/// What a compacted layer must be besides: rows in order of position, no free slot, pages numbered densely.
[[nodiscard]] std::vector<std::string> notCompact(const CellSnapshot::Layer& layer);

}  // namespace kvscope::test
