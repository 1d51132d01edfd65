// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/cache/store/region_store.h"
#include "engine/trace/records.h"

namespace kvscope::probe {

/// What the occupancy probe needs to know of a sequence.
struct OccupancySubject {
    std::uint32_t id = 0;         ///< of the session
    std::uint32_t slot = 0;       ///< in the cell table
    std::uint64_t processed = 0;  ///< tokens whose rows were computed
};

/// Bytes that one token adds to a cache that keeps everything in f16.
/// What the same tokens would take otherwise.
struct TokenBytes {
    std::function<std::uint64_t(std::uint64_t tokens)> native;  ///< in f16, as the architecture stores it
    std::uint64_t mha = 0;                                      ///< a token: every layer and query head its own rows
};

/// Layers and KV heads of a grid of metrics; heads beyond a layer's own are NaN, layers that own no rows too.
struct HeadGrid {
    std::uint32_t layers = 0;
    std::uint32_t kvHeads = 0;  ///< of the widest layer
};

/// Occupancy of the session (first) and of each sequence (design 3). Rows are counted from the cell table, bytes
/// allocated from the device buffers.
[[nodiscard]] std::vector<trace::OccupancyRecord> occupancy(const cache::RegionStore& store,
                                                            std::span<const OccupancySubject> subjects,
                                                            const TokenBytes& tokenBytes, std::uint64_t bytesHeld);

/// Resident rows and their bytes for each (layer, KV head) of one sequence.
[[nodiscard]] std::vector<trace::HeadMetricRecord> occupancyByHead(const cache::RegionStore& store,
                                                                   const OccupancySubject& subject,
                                                                   const HeadGrid& grid);

}  // namespace kvscope::probe
