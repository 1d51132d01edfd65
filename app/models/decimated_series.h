// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace kvscope::models {

struct Sample {
    double x = 0;
    double y = 0;
    bool operator==(const Sample&) const = default;
};

/// A growing curve that can be drawn at any width: keeps a min/max pyramid, so that a drawing of n pixel columns costs
/// O(n), whatever the length. x must not decrease; samples with y = NaN are left out.
class DecimatedSeries {
  public:
    void append(double x, double y);
    void clear();
    [[nodiscard]] std::size_t size() const { return m_samples.size(); }
    [[nodiscard]] bool empty() const { return m_samples.empty(); }
    [[nodiscard]] const Sample& back() const { return m_samples.back(); }
    /// Largest y so far, 0 when empty.
    [[nodiscard]] double maximum() const { return m_maximum; }
    /// The value at the last sample with x <= `x`; NaN before the first.
    [[nodiscard]] double valueAt(double x) const;
    /// True samples that draw the curve over [from, to] in `columns` equal columns: of each column the smallest and
    /// the largest y, in the order of x; all samples where there are at most two a column. One neighbour on either
    /// side is added so that lines run to the edge.
    [[nodiscard]] std::vector<Sample> decimate(double from, double to, std::size_t columns) const;

  private:
    static constexpr std::size_t kFan = 16;
    struct Extremes {
        std::size_t low = 0;   ///< index of the smallest y
        std::size_t high = 0;  ///< index of the largest
    };
    [[nodiscard]] std::size_t lowerBound(double x) const;
    [[nodiscard]] Extremes extremes(std::size_t begin, std::size_t end) const;
    void merge(Extremes& into, const Extremes& other) const;

    std::vector<Sample> m_samples;
    std::vector<std::vector<Extremes>> m_levels;  ///< m_levels[l][i] covers kFan^(l+1) samples, complete blocks only
    double m_maximum = 0;
};

}  // namespace kvscope::models
