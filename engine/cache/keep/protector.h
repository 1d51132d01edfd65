// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "engine/cache/policy/plan.h"

namespace kvscope::cache {

/// A rule that protects rows by position alone. A row that a protector has let go at one query is never protected
/// by it at a later one, so a dropped row is not missed (a property test holds every protector to this).
struct Protector {
    /// True when the row at `rowPosition` must be visible to the query at `queryPosition` >= rowPosition.
    bool (*protects)(std::uint32_t n, std::uint32_t queryPosition, std::uint32_t rowPosition) = nullptr;
    /// How far inside its protection the row is, in rows: >= 0 protected, < 0 not.
    float (*margin)(std::uint32_t n, std::uint32_t queryPosition, std::uint32_t rowPosition) = nullptr;
    Needs (*needs)() = nullptr;
};

}  // namespace kvscope::cache
