// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "engine/cache/policy/plan.h"
#include "engine/cache/policy/policy.h"

namespace kvscope::cache {

/// The mask of sinks + window: the query at `queryPosition` sees the row iff it is not newer than the query and is
/// one of the first `sinks` positions or one of the last `window`, the query's own row counted in. This holds for
/// each query exactly, in prefill too.
[[nodiscard]] constexpr bool isKept(std::uint32_t sinks, std::uint32_t window, std::uint32_t queryPosition,
                                    std::uint32_t rowPosition) {
    return rowPosition <= queryPosition && (rowPosition < sinks || queryPosition - rowPosition < window);
}

/// A row that lies in the cache.
struct ResidentRow {
    std::uint32_t slot = 0;
    std::uint32_t position = 0;
};

/// What a planner sees of one (layer, KV head) of one sequence.
struct KeepView {
    std::span<const ResidentRow> rows;    ///< any order
    std::uint32_t nextQueryPosition = 0;  ///< of the oldest query still to come
};

/// The drops of a keep chain: the resident rows that no query from `nextQueryPosition` on can see, in order of
/// position (ties: slot). Pure; the same view gives the same plan, and a plan's survivors give an empty one.
/// Score is the margin of the row's best protection in rows, negative for a row that has none; threshold 0.
/// Keep all (an empty chain) drops nothing.
[[nodiscard]] Plan planKeep(const KeepPart& keep, const KeepView& view);

/// What the chain's members ask for, joined. Empty for sinks and window.
[[nodiscard]] Needs needsOf(const KeepPart& keep);

}  // namespace kvscope::cache
