// SPDX-License-Identifier: Apache-2.0
#include "app/models/timeline_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>

namespace kvscope::models {

namespace {

constexpr std::size_t kSpeedSteps = 16;

std::string_view clauseOf(std::string_view policy, std::string_view axis) {
    std::size_t begin = 0;
    while (begin < policy.size()) {
        const std::size_t end = std::min(policy.find(' ', begin), policy.size());
        const std::string_view clause = policy.substr(begin, end - begin);
        if (clause.starts_with(axis) && clause.substr(axis.size()).starts_with('=')) {
            return clause;
        }
        begin = end + 1;
    }
    return {};
}

struct WorstAndMean {
    double worst = std::numeric_limits<double>::quiet_NaN();
    double mean = std::numeric_limits<double>::quiet_NaN();
};

// Over the known values of f(value).
template <typename F>
WorstAndMean worstAndMean(const std::vector<float>& values, F f) {
    WorstAndMean found;
    double sum = 0;
    double worst = -std::numeric_limits<double>::infinity();
    std::size_t known = 0;
    for (const float value : values) {
        if (!std::isnan(value)) {
            const double y = f(static_cast<double>(value));
            sum += y;
            worst = std::max(worst, y);
            ++known;
        }
    }
    if (known > 0) {
        found = {worst, sum / static_cast<double>(known)};
    }
    return found;
}

}  // namespace

trace::Axis changedAxis(const std::string& before, const std::string& after) {
    constexpr std::array<std::pair<std::string_view, trace::Axis>, 4> kAxes{{{"share", trace::Axis::Share},
                                                                             {"encode", trace::Axis::Encode},
                                                                             {"keep", trace::Axis::Keep},
                                                                             {"read", trace::Axis::Read}}};
    for (const auto& [name, axis] : kAxes) {
        if (clauseOf(before, name) != clauseOf(after, name)) {
            return axis;
        }
    }
    return trace::Axis::Native;
}

double median(std::deque<double> values) {
    if (values.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

bool TimelineModel::update(const Snapshot& snapshot) {
    const auto news = m_cursor.advance(snapshot);
    if (news.restarted) {
        for (auto& series : m_series) {
            series.clear();
        }
        m_marks.clear();
        m_recentSpeeds.clear();
        m_steps.clear();
        m_policy = snapshot.history == nullptr ? "" : snapshot.history->run().policyEffective;
        m_position = m_klSum = 0;
        m_klCount = m_newestStep = 0;
    }
    for (const auto& bundle : news.bundles) {
        append(*bundle);
    }
    return news.restarted || !news.bundles.empty();
}

std::uint64_t TimelineModel::stepAt(double position) const {
    const auto found = std::ranges::lower_bound(m_steps, position, {}, &std::pair<double, std::uint64_t>::first);
    if (m_steps.empty()) {
        return 0;
    }
    return found == m_steps.end() ? m_steps.back().second : found->second;
}

void TimelineModel::append(const trace::StepBundle& bundle) {
    const auto x = static_cast<double>(bundle.step.position);
    if (!bundle.policySwitchedTo.empty()) {
        const double at = x - static_cast<double>(bundle.step.tokens);
        m_marks.push_back({at, bundle.policySwitchedTo, changedAxis(m_policy, bundle.policySwitchedTo)});
        m_policy = bundle.policySwitchedTo;
    }
    m_position = x;
    m_newestStep = bundle.step.step;
    m_steps.emplace_back(x, bundle.step.step);
    const double tokens = std::max<double>(1, bundle.step.tokens);
    if (!bundle.occupancy.empty()) {
        const auto& all = bundle.occupancy.front();
        add(SeriesId::CacheMha, x, static_cast<double>(all.bytesMhaF16));
        add(SeriesId::CacheNative, x, static_cast<double>(all.bytesNativeF16));
        add(SeriesId::CachePolicy, x, static_cast<double>(all.bytesUsed));
        add(SeriesId::TrafficNative, x, static_cast<double>(all.bytesNativeF16));
    }
    double total = 0;
    for (const auto& entry : bundle.traffic.byCategory) {
        total += static_cast<double>(entry.readRequested + entry.written);
    }
    if (total > 0) {
        const auto& kv = bundle.traffic.at(trace::TrafficCategory::KvRead);
        add(SeriesId::TrafficKv, x, static_cast<double>(kv.readRequested) / tokens);
        add(SeriesId::TrafficTotal, x, total / tokens);
    }
    appendHeads(bundle, x);
    if (!bundle.lanes.empty()) {
        const double kl = bundle.lanes.front().kl;
        if (!std::isnan(kl)) {
            m_klSum += kl;
            ++m_klCount;
            add(SeriesId::Kl, x, kl);
            add(SeriesId::KlMean, x, m_klSum / static_cast<double>(m_klCount));
        }
    }
    appendSpeed(bundle, x);
}

void TimelineModel::appendHeads(const trace::StepBundle& bundle, double x) {
    for (const auto& record : bundle.heads) {
        if (record.metric == trace::HeadMetric::ErrorRelL2) {
            const auto error = worstAndMean(record.values, [](double value) { return value; });
            add(SeriesId::ErrorWorst, x, error.worst);
            add(SeriesId::ErrorMean, x, error.mean);
        } else if (record.metric == trace::HeadMetric::MassRecall) {
            const auto lost = worstAndMean(record.values, [](double value) { return std::max(0.0, 1 - value); });
            add(SeriesId::LostWorst, x, lost.worst);
            add(SeriesId::LostMean, x, lost.mean);
        }
    }
}

void TimelineModel::appendSpeed(const trace::StepBundle& bundle, double x) {
    if (bundle.step.hostNs == 0 || bundle.step.instrumented || bundle.step.phase == trace::Phase::Prefill) {
        return;
    }
    const double speed = static_cast<double>(bundle.step.tokens) / (static_cast<double>(bundle.step.hostNs) * 1e-9);
    m_recentSpeeds.push_back(speed);
    if (m_recentSpeeds.size() > kSpeedSteps) {
        m_recentSpeeds.pop_front();
    }
    add(SeriesId::SpeedDecode, x, median(m_recentSpeeds));
}

}  // namespace kvscope::models
