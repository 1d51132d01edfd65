// SPDX-License-Identifier: Apache-2.0
#include "app/models/head_map_model.h"

#include <algorithm>
#include <cmath>

#include "app/models/format.h"

namespace kvscope::models {

using trace::HeadMetric;

const std::array<MetricInfo, trace::kHeadMetrics>& metricInfos() {
    static constexpr std::array<MetricInfo, trace::kHeadMetrics> kTable{{
        {HeadMetric::ResidentRows, "resident rows",
         "Rows of this KV head in the cache.\nCounted after each step; one value a KV head."},
        {HeadMetric::BytesUsed, "bytes used",
         "Bytes of this KV head's rows in the cache, K and V, as encoded.\nCounted after each step; one value a KV "
         "head.",
         true},
        {HeadMetric::KvReadBytes, "KV bytes read",
         "Bytes of K and V rows of this KV head that attention read in the step.\n"
         "Counted from the addresses the kernels touch; one value a KV head.",
         true},
        {HeadMetric::ErrorRelL2, "error (rel. L2)",
         "‖approximate − exact‖ / ‖exact‖ of the head's output, for the same query over the exact rows.\n"
         "Measured on the device on steps with the error probe; one value a query head."},
        {HeadMetric::ErrorCosine, "cosine",
         "Cosine of the head's approximate and exact output; 1 = same direction.\n"
         "On steps with the error probe; one value a query head.",
         false, true},
        {HeadMetric::MassRecall, "mass recall",
         "Softmax mass of the exact distribution on the rows that were read; 1 = nothing lost.\n"
         "On steps with the error probe; one value a query head.",
         false, true},
        {HeadMetric::AttentionKl, "attention KL",
         "KL(approximate ‖ exact) of the attention distributions, nats; for pure selection −ln of mass recall.\n"
         "On steps with the error probe; one value a query head."},
        {HeadMetric::CompressedRows, "compressed rows",
         "Rows that stand for blocks of tokens (compressed attention).\nCounted after each step; one value a KV head."},
        {HeadMetric::IndexRows, "index rows",
         "Keys of the layer's indexer, which chooses compressed rows.\nCounted after each step; one value a KV head."},
        {HeadMetric::SelectedRows, "selected rows",
         "Compressed rows that the newest query of the step chose to read.\nCounted after each step; one value a KV "
         "head."},
    }};
    return kTable;
}

const MetricInfo& metricInfo(HeadMetric metric) {
    return metricInfos().at(static_cast<std::size_t>(metric));
}

double HeadGrid::at(std::uint32_t layer, std::uint32_t queryHead) const {
    const bool perKvHead = trace::isPerKvHead(metric);
    const std::size_t columns = perKvHead ? kvHeads : heads;
    const std::size_t column = perKvHead ? structure.kvHeadOf(layer, queryHead) : queryHead;
    const std::size_t index = layer * columns + column;
    const bool exists = queryHead < structure.at(layer).heads && column < columns && index < values.size();
    return exists ? static_cast<double>(values[index]) : std::numeric_limits<double>::quiet_NaN();
}

bool HeadMapModel::update(const Snapshot& snapshot) {
    const auto news = m_cursor.advance(snapshot, 1024);
    if (news.restarted) {
        m_newest = {};
        m_structure = snapshot.history == nullptr ? LayerStructure() : LayerStructure::of(snapshot.history->run());
    }
    for (const auto& bundle : news.bundles) {
        read(bundle);
    }
    return news.restarted || !news.bundles.empty();
}

void HeadMapModel::read(const trace::BundlePtr& bundle) {
    for (const auto& record : bundle->heads) {
        if (record.sequence != 0 && record.sequence != trace::kAllSequences) {
            continue;
        }
        Newest& newest = m_newest.at(static_cast<std::size_t>(record.metric));
        newest.bundle = bundle;
        newest.record = &record;
        for (const float value : record.values) {
            if (std::isfinite(value)) {
                newest.low = std::min(newest.low, static_cast<double>(value));
                newest.high = std::max(newest.high, static_cast<double>(value));
            }
        }
    }
}

bool HeadMapModel::offers(HeadMetric metric) const {
    const bool always = metric < HeadMetric::CompressedRows;
    return always || (m_structure.known() && m_structure.offers(metric)) ||
           m_newest.at(static_cast<std::size_t>(metric)).low < std::numeric_limits<double>::infinity();
}

HeadGrid HeadMapModel::grid(const Snapshot& snapshot, HeadMetric metric, std::optional<std::uint64_t> step) const {
    HeadGrid grid;
    grid.metric = metric;
    if (snapshot.history == nullptr) {
        return grid;
    }
    const auto& run = snapshot.history->run();
    grid.layers = run.nLayers;
    grid.heads = run.nHeads;
    grid.kvHeads = run.nKvHeads;
    grid.structure = m_structure;
    const Newest& newest = m_newest.at(static_cast<std::size_t>(metric));
    const MetricInfo& info = metricInfo(metric);
    if (newest.record != nullptr && newest.low <= newest.high) {
        // The scale covers the run so far and grows by steps.
        grid.low = info.towardsOne ? 1 - niceCeiling(std::max(1e-6, 1 - newest.low), false) : 0;
        grid.high = info.towardsOne ? 1 : niceCeiling(newest.high, info.bytes);
    }
    const trace::StepBundle* bundle = newest.bundle.get();
    const trace::HeadMetricRecord* record = newest.record;
    if (step) {
        const auto all = snapshot.history->bundles();
        auto found = std::ranges::upper_bound(all, *step, {}, [](const auto& item) { return item->step.step; });
        record = nullptr;
        while (record == nullptr && found != all.begin()) {
            --found;
            bundle = found->get();
            const auto match = std::ranges::find(bundle->heads, metric, &trace::HeadMetricRecord::metric);
            record = match == bundle->heads.end() ? nullptr : &*match;
        }
    }
    if (record != nullptr) {
        grid.values = record->values;
        grid.step = bundle->step.step;
        grid.position = bundle->step.position;
    }
    return grid;
}

}  // namespace kvscope::models
