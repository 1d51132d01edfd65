// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "engine/trace/records.h"

namespace kvscope::trace {

/// A run as views see it: the run's facts and its bundles in order. Live (bundles pulled from a Ring) and recorded
/// (bundles read by a Reader) runs are the same to every view. Owned by one thread.
class History {
  public:
    History() = default;
    explicit History(RunInfo run) : m_run(std::move(run)) {}
    void append(BundlePtr bundle) { m_bundles.push_back(std::move(bundle)); }
    [[nodiscard]] const RunInfo& run() const { return m_run; }
    [[nodiscard]] std::span<const BundlePtr> bundles() const { return m_bundles; }
    [[nodiscard]] bool empty() const { return m_bundles.empty(); }
    /// The newest bundle at or before `index` that carries the metric for the sequence; nullptr if none.
    [[nodiscard]] const HeadMetricRecord* headMetric(std::size_t index, HeadMetric metric,
                                                     std::uint32_t sequence) const;

  private:
    RunInfo m_run;
    std::vector<BundlePtr> m_bundles;
};

}  // namespace kvscope::trace
