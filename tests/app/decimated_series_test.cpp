// SPDX-License-Identifier: Apache-2.0
#include "app/models/decimated_series.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace kvscope::models {
namespace {

// What a column of pixels must show: the smallest and the largest y of the samples in it.
struct Extremes {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();
};

std::vector<Extremes> columnsOf(const std::vector<Sample>& samples, double from, double to, std::size_t columns) {
    std::vector<Extremes> found(columns);
    for (const auto& sample : samples) {
        if (sample.x < from || sample.x > to) {
            continue;
        }
        std::size_t column = 0;  // the last column whose left edge is not right of the sample
        const double width = (to - from) / static_cast<double>(columns);
        while (column + 1 < columns && sample.x >= from + width * static_cast<double>(column + 1)) {
            ++column;
        }
        found[column].low = std::min(found[column].low, sample.y);
        found[column].high = std::max(found[column].high, sample.y);
    }
    return found;
}

class Decimation : public testing::TestWithParam<std::size_t> {};

TEST_P(Decimation, KeepsTheExtremesOfEveryColumn) {
    std::mt19937 random(7);
    std::normal_distribution<double> noise;
    DecimatedSeries series;
    std::vector<Sample> all;
    double x = 0;
    for (std::size_t i = 0; i < GetParam(); ++i) {
        x += i % 3 == 2 ? 0.0 : 1.0 + std::abs(noise(random));
        all.push_back({x, noise(random)});
        series.append(x, all.back().y);
    }
    for (const auto& [from, to] : {std::pair(0.0, x), std::pair(x * 0.3, x * 0.31), std::pair(x * 0.5, x * 2)}) {
        for (const std::size_t columns : {1UL, 7UL, 100UL, 640UL}) {
            const auto drawn = series.decimate(from, to, columns);
            EXPECT_LE(drawn.size(), 2 * columns + 2);
            EXPECT_TRUE(std::ranges::is_sorted(drawn, {}, &Sample::x));
            for (const auto& sample : drawn) {
                EXPECT_TRUE(std::ranges::find(all, sample) != all.end()) << "not a true sample";
            }
            const auto expected = columnsOf(all, from, to, columns);
            const auto found = columnsOf(drawn, from, to, columns);
            for (std::size_t i = 0; i < columns; ++i) {
                EXPECT_EQ(expected[i].low, found[i].low) << i << " of " << columns;
                EXPECT_EQ(expected[i].high, found[i].high) << i << " of " << columns;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Lengths, Decimation, testing::Values(2, 15, 16, 17, 255, 4096, 5001));

TEST(DecimatedSeries, LeavesOutUnknownValues) {
    DecimatedSeries series;
    series.append(1, 5);
    series.append(2, std::nan(""));
    series.append(3, -1);
    EXPECT_EQ(series.size(), 2U);
    EXPECT_EQ(series.maximum(), 5);
    EXPECT_EQ(series.valueAt(2.5), 5);
    EXPECT_TRUE(std::isnan(series.valueAt(0)));
}

TEST(DecimatedSeries, AddsANeighbourOnEitherSide) {
    DecimatedSeries series;
    for (int i = 0; i < 10; ++i) {
        series.append(i, i);
    }
    const auto drawn = series.decimate(3.5, 5.5, 100);
    EXPECT_EQ(drawn, (std::vector<Sample>{{3, 3}, {4, 4}, {5, 5}, {6, 6}}));
}

}  // namespace
}  // namespace kvscope::models
