// SPDX-License-Identifier: Apache-2.0
#include "app/models/decimated_series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kvscope::models {

void DecimatedSeries::append(double x, double y) {
    if (std::isnan(y) || std::isnan(x)) {
        return;
    }
    m_maximum = m_samples.empty() ? y : std::max(m_maximum, y);
    m_samples.push_back({x, y});
    std::size_t count = m_samples.size();
    for (std::size_t level = 0; count % kFan == 0; ++level) {
        count /= kFan;
        if (m_levels.size() <= level) {
            m_levels.emplace_back();
        }
        Extremes block;
        if (level == 0) {
            const std::size_t begin = m_samples.size() - kFan;
            block = {begin, begin};
            for (std::size_t i = begin + 1; i < m_samples.size(); ++i) {
                merge(block, {i, i});
            }
        } else {
            const auto& below = m_levels[level - 1];
            block = below[below.size() - kFan];
            for (std::size_t i = below.size() - kFan + 1; i < below.size(); ++i) {
                merge(block, below[i]);
            }
        }
        m_levels[level].push_back(block);
    }
}

void DecimatedSeries::clear() {
    m_samples.clear();
    m_levels.clear();
    m_maximum = 0;
}

void DecimatedSeries::merge(Extremes& into, const Extremes& other) const {
    if (m_samples[other.low].y < m_samples[into.low].y) {
        into.low = other.low;
    }
    if (m_samples[other.high].y > m_samples[into.high].y) {
        into.high = other.high;
    }
}

std::size_t DecimatedSeries::lowerBound(double x) const {
    const auto found = std::ranges::lower_bound(m_samples, x, {}, &Sample::x);
    return static_cast<std::size_t>(found - m_samples.begin());
}

double DecimatedSeries::valueAt(double x) const {
    const auto found = std::ranges::upper_bound(m_samples, x, {}, &Sample::x);
    return found == m_samples.begin() ? std::numeric_limits<double>::quiet_NaN() : std::prev(found)->y;
}

DecimatedSeries::Extremes DecimatedSeries::extremes(std::size_t begin, std::size_t end) const {
    Extremes found{begin, begin};
    while (begin < end) {
        // The largest complete block that starts here and ends inside the range.
        std::size_t width = 1;
        std::size_t level = 0;
        while (level < m_levels.size() && begin % (width * kFan) == 0 && begin + width * kFan <= end) {
            width *= kFan;
            ++level;
        }
        merge(found, level == 0 ? Extremes{begin, begin} : m_levels[level - 1][begin / width]);
        begin += width;
    }
    return found;
}

std::vector<Sample> DecimatedSeries::decimate(double from, double to, std::size_t columns) const {
    std::vector<Sample> out;
    if (m_samples.empty() || columns == 0 || !(from < to)) {
        return out;
    }
    const std::size_t first = lowerBound(from);
    const auto after = std::ranges::upper_bound(m_samples, to, {}, &Sample::x);
    const auto last = static_cast<std::size_t>(after - m_samples.begin());
    if (first > 0) {
        out.push_back(m_samples[first - 1]);
    }
    if (last - first <= 2 * columns) {
        out.insert(out.end(), m_samples.begin() + static_cast<std::ptrdiff_t>(first), after);
    } else {
        const double width = (to - from) / static_cast<double>(columns);
        std::size_t begin = first;
        for (std::size_t column = 0; column < columns && begin < last; ++column) {
            const double edge = from + width * static_cast<double>(column + 1);
            const std::size_t end = column + 1 == columns ? last : std::clamp(lowerBound(edge), begin, last);
            if (begin < end) {
                const Extremes block = extremes(begin, end);
                out.push_back(m_samples[std::min(block.low, block.high)]);
                if (block.low != block.high) {
                    out.push_back(m_samples[std::max(block.low, block.high)]);
                }
            }
            begin = end;
        }
    }
    if (last < m_samples.size()) {
        out.push_back(m_samples[last]);
    }
    return out;
}

}  // namespace kvscope::models
