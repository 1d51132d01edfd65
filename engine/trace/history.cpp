// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/history.h"

#include <algorithm>

namespace kvscope::trace {

const HeadMetricRecord* History::headMetric(std::size_t index, HeadMetric metric, std::uint32_t sequence) const {
    if (m_bundles.empty()) return nullptr;
    for (std::size_t left = std::min(index, m_bundles.size() - 1) + 1; left > 0; --left) {
        const std::vector<HeadMetricRecord>& heads = m_bundles[left - 1]->heads;
        const auto found = std::ranges::find_if(
            heads, [&](const HeadMetricRecord& h) { return h.metric == metric && h.sequence == sequence; });
        if (found != heads.end()) return &*found;
    }
    return nullptr;
}

}  // namespace kvscope::trace
