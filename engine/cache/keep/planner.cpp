// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/keep/planner.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "engine/cache/policy/descriptor.h"

namespace kvscope::cache {
namespace {

/// A protector with its row count.
struct Armed {
    const Protector* protector = nullptr;
    std::uint32_t n = 0;
};

std::vector<Armed> armedProtectors(const KeepPart& keep) {
    std::vector<Armed> armed;
    for (const Descriptor& descriptor : descriptors()) {
        if (descriptor.protector == nullptr) continue;
        const auto member = std::ranges::find(keep.chain, descriptor.info.name, &Member::name);
        if (member == keep.chain.end()) continue;
        const double n = member->number("n", descriptor.info.parameters.front().fallback);
        armed.push_back({descriptor.protector, static_cast<std::uint32_t>(std::clamp(n, 0.0, 4294967295.0))});
    }
    return armed;
}

}  // namespace

Plan planKeep(const KeepPart& keep, const KeepView& view) {
    Plan plan;
    if (keep.chain.empty()) return plan;
    const std::vector<Armed> armed = armedProtectors(keep);
    for (const ResidentRow& row : view.rows) {
        if (row.position >= view.nextQueryPosition) continue;  // not older than the next query: nothing to decide yet
        bool isProtected = false;
        float margin = -std::numeric_limits<float>::infinity();
        for (const auto& [protector, n] : armed) {
            isProtected = isProtected || protector->protects(n, view.nextQueryPosition, row.position);
            margin = std::max(margin, protector->margin(n, view.nextQueryPosition, row.position));
        }
        if (!isProtected) plan.items.push_back({PlanAction::Drop, row.slot, row.position, margin, 0.0F});
    }
    std::ranges::sort(plan.items, {}, [](const PlanItem& item) { return std::tuple(item.position, item.slot); });
    return plan;
}

Needs needsOf(const KeepPart& keep) {
    Needs joined;
    for (const auto& [protector, n] : armedProtectors(keep)) {
        const Needs needs = protector->needs();
        joined.queryTail = std::max(joined.queryTail, needs.queryTail);
        joined.attentionMass |= needs.attentionMass;
        joined.keyNorms |= needs.keyNorms;
        joined.hiddenStates |= needs.hiddenStates;
        joined.secondPass |= needs.secondPass;
    }
    return joined;
}

}  // namespace kvscope::cache
