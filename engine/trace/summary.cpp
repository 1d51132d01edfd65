// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/summary.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/trace/detail/walk.h"

namespace kvscope::trace {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double ratio(double part, double whole) {
    return whole > 0 ? part / whole : kNan;
}

/// The value at rank q (n - 1) of rising values, linear between neighbours; NaN for none.
double quantile(const std::vector<double>& sorted, double q) {
    if (sorted.empty()) return kNan;
    const double rank = q * static_cast<double>(sorted.size() - 1);
    const auto low = static_cast<std::size_t>(rank);
    const std::size_t high = std::min(low + 1, sorted.size() - 1);
    return std::lerp(sorted[low], sorted[high], rank - static_cast<double>(low));
}

std::vector<double> sorted(std::vector<double> values) {
    std::ranges::sort(values);
    return values;
}

double standardError(const std::vector<double>& values, double mean) {
    if (values.size() < 2) return kNan;
    double squares = 0;
    for (const double v : values) squares += (v - mean) * (v - mean);
    const auto n = static_cast<double>(values.size());
    return std::sqrt(squares / (n - 1) / n);
}

}  // namespace

Summary::PerToken Summary::perDecodedToken(TrafficCategory category) const {
    const TrafficEntry& e = decodeTraffic.at(category);
    const auto tokens = static_cast<double>(decodeTokens);
    return {ratio(static_cast<double>(e.readRequested), tokens), ratio(static_cast<double>(e.readUnique), tokens),
            ratio(static_cast<double>(e.written), tokens)};
}

SummaryBuilder::SummaryBuilder() {
    for (HeadStatistics& h : m_sum.heads) h.minimum = h.maximum = kNan;
}

void SummaryBuilder::add(const StepBundle& bundle) {
    addStep(bundle.step);
    for (const TokenRecord& token : bundle.tokens) ++(token.generated ? m_sum.generatedTokens : m_sum.promptTokens);
    for (const OccupancyRecord& record : bundle.occupancy) {
        if (record.sequence != kAllSequences) continue;
        m_sum.occupancy = record;
        m_sum.peakBytesUsed = std::max(m_sum.peakBytesUsed, record.bytesUsed);
    }
    addTraffic(bundle);
    addHeads(bundle);
    addLanes(bundle);
    for (const DecisionRecord& decision : bundle.decisions) {
        const auto kind = static_cast<std::size_t>(decision.kind);
        if (kind < m_sum.decisions.size()) ++m_sum.decisions.at(kind);
    }
    if (!bundle.policySwitchedTo.empty()) ++m_sum.policySwitches;
}

void SummaryBuilder::addStep(const StepRecord& step) {
    ++m_sum.steps;
    m_sum.hostNs += step.hostNs;
    m_sum.gpuNs += step.gpuNs;
    m_sum.dispatches += step.dispatches;
    m_sum.submissions += step.submissions;
    if (step.phase == Phase::Decode) m_sum.decodeTokens += step.tokens;
    if (step.instrumented) {
        ++m_sum.instrumentedSteps;
        return;
    }
    if (step.hostNs == 0) return;
    Speed& speed = step.phase == Phase::Decode ? m_sum.decode : m_sum.prefill;
    PhaseTimes& times = m_phases.at(step.phase == Phase::Decode ? 1 : 0);
    ++speed.steps;
    speed.tokens += step.tokens;
    times.hostNs += step.hostNs;
    times.rates.push_back(static_cast<double>(step.tokens) * 1e9 / static_cast<double>(step.hostNs));
}

void SummaryBuilder::addTraffic(const StepBundle& bundle) {
    for (std::size_t i = 0; i < kTrafficCategories; ++i) {
        const TrafficEntry& e = bundle.traffic.byCategory.at(i);
        for (TrafficRecord* sum : {&m_sum.traffic, &m_sum.decodeTraffic}) {
            if (sum == &m_sum.decodeTraffic && bundle.step.phase != Phase::Decode) continue;
            TrafficEntry& total = sum->byCategory.at(i);
            total.readRequested += e.readRequested;
            total.readUnique += e.readUnique;
            total.written += e.written;
        }
    }
}

void SummaryBuilder::addHeads(const StepBundle& bundle) {
    for (const HeadMetricRecord& record : bundle.heads) {
        HeadStatistics& h = m_sum.heads.at(static_cast<std::size_t>(record.metric));
        for (const float value : record.values) {
            if (std::isnan(value)) continue;
            ++h.count;
            h.mean += static_cast<double>(value);  // the sum until summary() divides it
            h.minimum = std::fmin(h.minimum, static_cast<double>(value));
            h.maximum = std::fmax(h.maximum, static_cast<double>(value));
        }
    }
}

void SummaryBuilder::addLanes(const StepBundle& bundle) {
    for (const LaneRecord& lane : bundle.lanes) {
        ++m_lanes;
        m_sameTop += lane.sameTop ? 1 : 0;
        if (!std::isnan(lane.kl)) m_kl.push_back(lane.kl);
        if (std::isnan(lane.nll) || std::isnan(lane.nllExact)) continue;
        ++m_sum.lane.scored;
        m_nll += lane.nll;
        m_nllExact += lane.nllExact;
    }
}

Summary SummaryBuilder::summary() const {
    Summary s = m_sum;
    for (const auto& [speed, times] : {std::pair{&s.prefill, &m_phases[0]}, {&s.decode, &m_phases[1]}}) {
        speed->mean = ratio(static_cast<double>(speed->tokens) * 1e9, static_cast<double>(times->hostNs));
        speed->median = quantile(sorted(times->rates), 0.5);
    }
    s.ratioToF16 = s.occupancy ? ratio(static_cast<double>(s.occupancy->bytesUsed),
                                       static_cast<double>(s.occupancy->bytesNativeF16))
                               : kNan;
    s.savedShare = 1 - s.ratioToF16;
    for (HeadStatistics& h : s.heads) h.mean = ratio(h.mean, static_cast<double>(h.count));

    const std::vector<double> kl = sorted(m_kl);
    LaneStatistics& lane = s.lane;
    lane.count = kl.size();
    lane.klMean = ratio(std::accumulate(kl.begin(), kl.end(), 0.0), static_cast<double>(kl.size()));
    lane.klStandardError = standardError(kl, lane.klMean);
    lane.klMedian = quantile(kl, 0.5);
    lane.klP99 = quantile(kl, 0.99);
    lane.klMax = quantile(kl, 1);
    lane.sameTopShare = ratio(static_cast<double>(m_sameTop), static_cast<double>(m_lanes));
    lane.nllMean = ratio(m_nll, static_cast<double>(lane.scored));
    lane.nllExactMean = ratio(m_nllExact, static_cast<double>(lane.scored));
    return s;
}

Result<Summary> summarise(const StepSource& source) {
    SummaryBuilder builder;
    const Result<void> walked = detail::walk(source, {}, [&](const StepBundle& bundle) -> Result<void> {
        builder.add(bundle);
        return {};
    });
    if (!walked) return forward(walked);
    return builder.summary();
}

}  // namespace kvscope::trace
