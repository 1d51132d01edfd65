// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/source.h"

#include <algorithm>

namespace kvscope::trace {

Result<std::vector<BundlePtr>> HistorySource::steps(std::uint64_t first, std::uint64_t count) const {
    const std::span<const BundlePtr> all = m_history.bundles();
    const std::uint64_t start = std::min<std::uint64_t>(first, all.size());
    const auto wanted = all.subspan(start, std::min<std::uint64_t>(count, all.size() - start));
    return std::vector<BundlePtr>(wanted.begin(), wanted.end());
}

}  // namespace kvscope::trace
