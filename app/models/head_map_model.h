// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "app/models/layer_structure.h"
#include "app/models/snapshot.h"
#include "engine/trace/records.h"

namespace kvscope::models {

/// What a metric of the layer × head map is, for the chooser and the explanations.
struct MetricInfo {
    trace::HeadMetric metric;
    const char* title;
    const char* definition;   ///< definition, formula, sampling
    bool bytes = false;       ///< written as KiB, MiB
    bool towardsOne = false;  ///< 1 is perfect: the scale ends there
};
[[nodiscard]] const std::array<MetricInfo, trace::kHeadMetrics>& metricInfos();
[[nodiscard]] const MetricInfo& metricInfo(trace::HeadMetric metric);

/// One metric of all heads at one step: values[layer * columns + column].
struct HeadGrid {
    trace::HeadMetric metric = trace::HeadMetric::ResidentRows;
    std::uint32_t layers = 0;
    std::uint32_t heads = 0;  ///< query heads of the widest layer
    std::uint32_t kvHeads = 0;
    LayerStructure structure;   ///< what each layer caches; maps query heads to KV heads
    std::vector<float> values;  ///< empty = not known yet
    std::uint64_t step = 0;     ///< at which they were measured
    std::uint64_t position = 0;
    double low = 0;  ///< ends of the scale
    double high = 1;

    /// The value of a query head's cell (KV-head metrics: that of its KV head); NaN = unknown, or no such head.
    [[nodiscard]] double at(std::uint32_t layer, std::uint32_t queryHead) const;
};

/// The newest values of each metric, and those at a chosen step.
class HeadMapModel {
  public:
    /// Reads what is new; true when something changed.
    bool update(const Snapshot& snapshot);
    /// What each layer of the run caches.
    [[nodiscard]] const LayerStructure& structure() const { return m_structure; }
    /// False for a metric of rows that the run's layers do not have.
    [[nodiscard]] bool offers(trace::HeadMetric metric) const;
    /// The grid of a metric at the newest step, or at `step`.
    [[nodiscard]] HeadGrid grid(const Snapshot& snapshot, trace::HeadMetric metric,
                                std::optional<std::uint64_t> step) const;

  private:
    struct Newest {
        trace::BundlePtr bundle;
        const trace::HeadMetricRecord* record = nullptr;
        double low = std::numeric_limits<double>::infinity();
        double high = -std::numeric_limits<double>::infinity();
    };
    void read(const trace::BundlePtr& bundle);

    HistoryCursor m_cursor;
    LayerStructure m_structure;
    std::array<Newest, trace::kHeadMetrics> m_newest;
};

}  // namespace kvscope::models
