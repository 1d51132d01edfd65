// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "engine/model/cache_layout.h"
#include "engine/planner/plan_policy.h"

namespace kvscope::planner {

/// A session of the engine, as far as its memory depends on it.
struct AllocationRequest {
    std::uint64_t contextLength = 0;  ///< rows that a sequence may reach
    std::uint64_t tokens = 0;         ///< tokens that every sequence holds at the end
    std::uint64_t promptTokens = 0;   ///< of these the first ones, which come in chunks; the rest come one a step
    std::uint64_t chunk = 64;         ///< prompt tokens of a step
    std::uint64_t columns = 64;       ///< tokens that a step may have: max(chunk, 16) in a session
    std::uint64_t sequences = 1;
};

/// Bytes of device buffers that the engine holds for a cache.
struct Allocation {
    std::uint64_t pageBytes = 0;      ///< pages of rows
    std::uint64_t positionBytes = 0;  ///< positions of rows
    std::uint64_t indexBytes = 0;     ///< page tables, row counts, append slots
    std::uint64_t stateBytes = 0;     ///< decode state, f32
};

/// What the engine has allocated after the request's tokens: for each stream a pool of pages of 32 rows of a KV head
/// that begins with 4 pages a head, grows by doubling and is rebuilt when more than a tenth of it lies free, and one
/// index for all. Follows the steps of a session one by one: the prompts of all sequences in turn, then one token of
/// each a step. `formats` has an entry for each stream of the layout.
[[nodiscard]] Allocation allocate(const model::CacheLayout& layout, std::span<const RowFormat> formats,
                                  const KeepBound& keep, const AllocationRequest& request);

}  // namespace kvscope::planner
