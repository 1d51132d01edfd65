// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "engine/cache/policy/policy.h"
#include "engine/cache/store/region_store.h"
#include "engine/trace/records.h"

namespace kvscope::probe {

/// The decision event of rows that a keep chain let go.
[[nodiscard]] trace::DecisionRecord evictionRecord(const cache::StoreEvent& event, const cache::CachePolicy& policy,
                                                   std::uint32_t sequence, std::uint64_t heads);

/// The decision event of a policy switch.
struct PolicySwitch {
    cache::CachePolicy from, to;
    std::uint64_t rows = 0;         ///< resident when it happened
    std::uint64_t bytesBefore = 0;  ///< of those rows
    std::uint64_t bytesAfter = 0;
};
[[nodiscard]] trace::DecisionRecord switchRecord(const PolicySwitch& change);

}  // namespace kvscope::probe
