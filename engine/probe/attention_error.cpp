// SPDX-License-Identifier: Apache-2.0
#include "engine/probe/attention_error.h"

#include <algorithm>
#include <cmath>

#include "engine/base/units.h"
#include "engine/kernels/attention.h"
#include "engine/reference/attention.h"

namespace kvscope::probe {

std::uint32_t ErrorShape::widest() const {
    std::uint32_t heads = 0;
    for (const ErrorLayer& layer : layers) heads = std::max(heads, layer.heads);
    return heads;
}

Result<AttentionError> AttentionError::create(vulkan::Device& device, const ErrorShape& shape, std::uint64_t budget) {
    AttentionError probe;
    probe.m_shape = shape;
    std::vector<std::size_t> owners;
    std::uint64_t layerBytes = 0;
    std::uint32_t records = 0;
    std::uint32_t taps = 0;
    for (std::size_t layer = 0; layer < shape.layers.size(); ++layer) {
        const ErrorLayer& one = shape.layers[layer];
        probe.m_recordBase.push_back(records);
        probe.m_tapBase.push_back(taps);
        records += one.heads;
        taps += one.heads * (one.keyDim + one.valueDim);
        if (one.heads == 0 || one.owner != layer) continue;
        owners.push_back(layer);
        layerBytes = std::max(layerBytes, shape.positions * one.rowValues() * 4);
    }
    if (owners.empty()) return fail(ErrorKind::Unsupported, "error probe", "no layer of this model can be judged");
    const std::uint64_t affordable =
        std::min<std::uint64_t>(owners.size(), budget / std::max<std::uint64_t>(layerBytes, 1));
    if (affordable == 0) {
        return fail(ErrorKind::OutOfMemory, "error probe",
                    "the exact rows of one layer take {}, the budget is {}; a shorter context needs less",
                    formatBytes(layerBytes), formatBytes(budget));
    }
    probe.m_covered = static_cast<std::uint32_t>(affordable);
    probe.m_exact.resize(shape.layers.size());
    const auto make = [&](vulkan::Buffer& target, std::uint64_t bytes, const char* what) -> Result<void> {
        auto buffer = vulkan::Buffer::create(device, bytes, vulkan::MemoryUse::Readback, what);
        if (!buffer) return forward(buffer);
        target = std::move(*buffer);
        return {};
    };
    for (std::uint64_t i = 0; i < affordable; ++i) {
        const std::size_t layer = owners[i * owners.size() / affordable];
        const std::uint64_t bytes = shape.positions * shape.layers[layer].rowValues() * 4;
        if (auto done = make(probe.m_exact[layer], bytes, "exact rows kept aside"); !done) return forward(done);
    }
    const std::uint64_t scoreBytes = std::uint64_t{shape.widest()} * shape.rowCapacity * 4;
    if (auto done = make(probe.m_scores, scoreBytes, "scores of the error probe"); !done) return forward(done);
    if (auto done = make(probe.m_exactScores, scoreBytes, "scores of the error probe"); !done) return forward(done);
    const std::uint64_t recordBytes = std::uint64_t{records} * kernels::kErrorRecordFloats * 4;
    if (auto done = make(probe.m_records, recordBytes, "records of the error probe"); !done) return forward(done);
    if (auto done = make(probe.m_taps, std::uint64_t{taps} * 4, "taps of the error probe"); !done) {
        return forward(done);
    }
    return probe;
}

std::uint64_t AttentionError::bytes() const {
    std::uint64_t sum = m_scores.bytes() + m_exactScores.bytes() + m_records.bytes() + m_taps.bytes();
    for (const vulkan::Buffer& buffer : m_exact) sum += buffer.bytes();
    return sum;
}

std::vector<trace::HeadMetricRecord> AttentionError::metrics(std::uint32_t sequence) const {
    trace::HeadMetricRecord relative{trace::HeadMetric::ErrorRelL2, sequence, {}};
    trace::HeadMetricRecord cosine{trace::HeadMetric::ErrorCosine, sequence, {}};
    trace::HeadMetricRecord recall{trace::HeadMetric::MassRecall, sequence, {}};
    trace::HeadMetricRecord kl{trace::HeadMetric::AttentionKl, sequence, {}};
    const auto records = m_records.view<float>();
    const std::uint32_t width = m_shape.widest();
    for (std::uint32_t layer = 0; layer < m_shape.layers.size(); ++layer) {
        for (std::uint32_t head = 0; head < width; ++head) {
            if (head >= m_shape.layers[layer].heads || !judges(layer)) {
                for (auto* metric : {&relative, &cosine, &recall, &kl}) metric->values.push_back(std::nanf(""));
                continue;
            }
            const auto r = records.subspan((std::size_t{record(layer)} + head) * kernels::kErrorRecordFloats,
                                           kernels::kErrorRecordFloats);
            relative.values.push_back(r[1] > 0 ? std::sqrt(r[0] / r[1]) : 0);
            cosine.values.push_back(r[1] > 0 && r[2] > 0 ? r[3] / (std::sqrt(r[1]) * std::sqrt(r[2])) : 1);
            recall.values.push_back(r[4]);
            kl.values.push_back(std::max(r[5], 0.0F));
        }
    }
    return {std::move(relative), std::move(cosine), std::move(recall), std::move(kl)};
}

std::vector<float> AttentionError::referenceRelativeL2(std::uint32_t position) const {
    std::vector<float> result;
    const auto taps = m_taps.view<float>();
    const std::uint32_t width = m_shape.widest();
    for (std::uint32_t layer = 0; layer < m_shape.layers.size(); ++layer) {
        const ErrorLayer& shape = m_shape.layers[layer];
        for (std::uint32_t head = 0; head < width; ++head) {
            if (head >= shape.heads || !judges(layer)) {
                result.push_back(std::nanf(""));
                continue;
            }
            const std::uint32_t kvHead = head / (shape.heads / shape.kvHeads);
            const auto stride = static_cast<std::size_t>(shape.rowValues());
            const float* rows = m_exact[shape.owner].view<float>().data() + kvHead * (stride / shape.kvHeads);
            const reference::RowsView keys{rows, std::size_t{position} + 1, shape.keyDim, stride};
            const reference::RowsView values{rows + (shape.sharedValue ? 0 : shape.keyDim), std::size_t{position} + 1,
                                             shape.valueDim, stride};
            const auto taken = taps.subspan(tap(layer) + std::size_t{head} * (shape.keyDim + shape.valueDim),
                                            shape.keyDim + shape.valueDim);
            reference::AttentionOptions options;
            options.scale = static_cast<double>(shape.scale);
            options.softcap = static_cast<double>(shape.softcap);
            if (!shape.sinks.empty()) options.sinkLogit = static_cast<double>(shape.sinks[head]);
            if (shape.window > 0) {
                options.visible = [&](std::size_t row) { return position - row < shape.window; };
            }
            const auto exact = reference::attend(taken.first(shape.keyDim), keys, values, options);
            result.push_back(static_cast<float>(reference::relativeL2(taken.subspan(shape.keyDim), exact.output)));
        }
    }
    return result;
}

}  // namespace kvscope::probe
