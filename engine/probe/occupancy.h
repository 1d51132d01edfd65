// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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
struct TokenBytes {
    std::uint64_t native = 0;  ///< as the architecture stores it
    std::uint64_t mha = 0;     ///< every query head its own rows
};

/// Occupancy of the session (first) and of each sequence (design 3). Rows are counted from the cell table, bytes
/// allocated from the device buffers.
[[nodiscard]] std::vector<trace::OccupancyRecord> occupancy(const cache::RegionStore& store,
                                                            std::span<const OccupancySubject> subjects,
                                                            TokenBytes tokenBytes, std::uint64_t bytesHeld);

/// Resident rows and their bytes for each (layer, KV head) of one sequence.
[[nodiscard]] std::vector<trace::HeadMetricRecord> occupancyByHead(const cache::RegionStore& store,
                                                                   const OccupancySubject& subject);

}  // namespace kvscope::probe
