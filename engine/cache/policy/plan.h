// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace kvscope::cache {

/// What a plan wants done with a row. Later versions add merge, demote, share and unshare.
enum class PlanAction : std::uint8_t { Keep = 0, Drop };

/// One row's fate. Rows with score < threshold lose.
struct PlanItem {
    PlanAction action = PlanAction::Keep;
    std::uint32_t slot = 0;      ///< of the row in its (layer, KV head)
    std::uint32_t position = 0;  ///< of the row in its sequence
    float score = 0;
    float threshold = 0;
    float predictedError = std::numeric_limits<float>::quiet_NaN();  ///< relative L2 of the output; NaN = not predicted
    bool operator==(const PlanItem&) const = default;
};

/// What a method wants for one (layer, KV head): a value that only the store applies. A row not listed stays.
struct Plan {
    std::vector<PlanItem> items;
};

/// What a method must be given besides positions; nobody pays for what nobody asked (design 2).
struct Needs {
    std::uint32_t queryTail = 0;  ///< newest queries, rows
    bool attentionMass = false;
    bool keyNorms = false;
    bool hiddenStates = false;
    bool secondPass = false;
    bool operator==(const Needs&) const = default;
};

}  // namespace kvscope::cache
