// SPDX-License-Identifier: Apache-2.0
#include "engine/probe/attention_error.h"

#include <algorithm>
#include <cmath>

#include "engine/base/units.h"
#include "engine/kernels/attention.h"
#include "engine/reference/attention.h"

namespace kvscope::probe {

Result<AttentionError> AttentionError::create(vulkan::Device& device, const ErrorShape& shape, std::uint64_t budget) {
    AttentionError probe;
    probe.m_shape = shape;
    const std::uint64_t layerBytes = std::uint64_t{shape.positions} * shape.kvHeads * 2 * shape.headDim * 4;
    const std::uint64_t affordable =
        std::min<std::uint64_t>(shape.layers, budget / std::max<std::uint64_t>(layerBytes, 1));
    if (affordable == 0) {
        return fail(ErrorKind::OutOfMemory, "error probe",
                    "the exact rows of one layer take {}, the budget is {}; a shorter context needs less",
                    formatBytes(layerBytes), formatBytes(budget));
    }
    probe.m_covered = static_cast<std::uint32_t>(affordable);
    probe.m_exact.resize(shape.layers);
    const auto make = [&](vulkan::Buffer& target, std::uint64_t bytes, const char* what) -> Result<void> {
        auto buffer = vulkan::Buffer::create(device, bytes, vulkan::MemoryUse::Readback, what);
        if (!buffer) return forward(buffer);
        target = std::move(*buffer);
        return {};
    };
    for (std::uint64_t i = 0; i < affordable; ++i) {
        auto done = make(probe.m_exact[i * shape.layers / affordable], layerBytes, "exact rows kept aside");
        if (!done) return forward(done);
    }
    const std::uint64_t heads = std::uint64_t{shape.layers} * shape.heads;
    const std::uint64_t scoreBytes = std::uint64_t{shape.heads} * shape.rowCapacity * 4;
    if (auto done = make(probe.m_scores, scoreBytes, "scores of the error probe"); !done) return forward(done);
    if (auto done = make(probe.m_exactScores, scoreBytes, "scores of the error probe"); !done) return forward(done);
    const std::uint64_t recordBytes = heads * kernels::kErrorRecordFloats * 4;
    if (auto done = make(probe.m_records, recordBytes, "records of the error probe"); !done) return forward(done);
    if (auto done = make(probe.m_taps, heads * 2 * shape.headDim * 4, "taps of the error probe"); !done) {
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
    for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
        for (std::uint32_t head = 0; head < m_shape.heads; ++head) {
            if (!covers(layer)) {
                for (auto* metric : {&relative, &cosine, &recall, &kl}) metric->values.push_back(std::nanf(""));
                continue;
            }
            const auto r = records.subspan((std::size_t{layer} * m_shape.heads + head) * kernels::kErrorRecordFloats,
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
    const std::size_t d = m_shape.headDim;
    const std::size_t stride = std::size_t{m_shape.kvHeads} * 2 * d;
    const std::uint32_t group = m_shape.heads / m_shape.kvHeads;
    for (std::uint32_t layer = 0; layer < m_shape.layers; ++layer) {
        for (std::uint32_t head = 0; head < m_shape.heads; ++head) {
            if (!covers(layer)) {
                result.push_back(std::nanf(""));
                continue;
            }
            const float* rows = m_exact[layer].view<float>().data() + std::size_t{head / group} * 2 * d;
            const reference::RowsView keys{rows, std::size_t{position} + 1, d, stride};
            const reference::RowsView values{rows + d, std::size_t{position} + 1, d, stride};
            const auto tap = taps.subspan((std::size_t{layer} * m_shape.heads + head) * 2 * d, 2 * d);
            reference::AttentionOptions options;
            options.scale = static_cast<double>(m_shape.scale);
            const auto exact = reference::attend(tap.first(d), keys, values, options);
            result.push_back(static_cast<float>(reference::relativeL2(tap.subspan(d), exact.output)));
        }
    }
    return result;
}

}  // namespace kvscope::probe
