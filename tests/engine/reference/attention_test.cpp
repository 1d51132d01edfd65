// SPDX-License-Identifier: Apache-2.0
// Expected values: NumPy in float64 on the same numbers.
#include "engine/reference/attention.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <limits>

namespace kvscope {
namespace {

using reference::RowsView;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::FloatNear;

/// Five rows that stand 6 (k) and 3 (v) values apart.
struct Attention : testing::Test {
    Attention() {
        for (int i = 0; i < 4; ++i) q[static_cast<std::size_t>(i)] = static_cast<float>(i * 7 % 5 - 2) / 4;
        for (int row = 0; row < 5; ++row) {
            const auto r = static_cast<std::size_t>(row);
            for (int i = 0; i < 4; ++i)
                k[r * 6 + static_cast<std::size_t>(i)] = static_cast<float>((row * 3 + i * 5) % 7 - 3) / 3;
            for (int i = 0; i < 3; ++i)
                v[r * 3 + static_cast<std::size_t>(i)] = static_cast<float>((row * 5 + i * 3) % 11 - 5) / 5;
        }
    }
    [[nodiscard]] RowsView keys() const { return {.data = k.data(), .rows = 5, .width = 4, .stride = 6}; }
    [[nodiscard]] RowsView values() const { return {.data = v.data(), .rows = 5, .width = 3, .stride = 3}; }

    std::array<float, 4> q{};
    std::array<float, 30> k{};
    std::array<float, 15> v{};
};

TEST_F(Attention, IsNumPys) {
    const auto result = reference::attend(q, keys(), values(), {.scale = 0.5});
    EXPECT_THAT(result.probabilities, ElementsAre(DoubleNear(0.260592557042, 1e-7), DoubleNear(0.22997212357, 1e-7),
                                                  DoubleNear(0.151606967482, 1e-7), DoubleNear(0.239756727791, 1e-7),
                                                  DoubleNear(0.118071624115, 1e-7)));
    EXPECT_THAT(result.output, ElementsAre(FloatNear(-0.062479635133F, 1e-7F), FloatNear(-0.055772537003F, 1e-7F),
                                           FloatNear(0.038288791232F, 1e-7F)));
    EXPECT_NEAR(result.logSumExp, 1.678130511367519, 1e-7);
}

TEST_F(Attention, SinkTakesMassWithoutAValue) {
    const auto result = reference::attend(q, keys(), values(), {.scale = 0.5, .visible = {}, .sinkLogit = 0.3});
    EXPECT_NEAR(result.probabilities[0], 0.208132821661, 1e-7);
    EXPECT_NEAR(result.output[2], 0.030580897043, 1e-7);
    EXPECT_NEAR(result.logSumExp, 1.9029121732145091, 1e-7);
}

TEST_F(Attention, HiddenRowsTakeNoPart) {
    const auto some = [](std::size_t row) { return row != 1 && row != 2; };
    const auto result = reference::attend(q, keys(), values(), {.scale = 0.5, .visible = some, .sinkLogit = {}});
    EXPECT_EQ(result.probabilities[1], 0);
    EXPECT_NEAR(result.probabilities[3], 0.387691820122, 1e-7);
    EXPECT_NEAR(result.output[0], -0.346182671896, 1e-7);

    // For a pure selection, KL(approx ‖ exact) is −ln of the mass that the rows have in the exact attention.
    const auto exact = reference::attend(q, keys(), values(), {.scale = 0.5});
    const std::array<std::uint32_t, 3> rows = {0, 3, 4};
    EXPECT_NEAR(reference::klDivergence(result.probabilities, exact.probabilities), 0.480585970915438, 1e-6);
    EXPECT_NEAR(-std::log(reference::massOn(exact.probabilities, rows)), 0.480585970915438, 1e-6);
    EXPECT_EQ(reference::klDivergence(exact.probabilities, result.probabilities),
              std::numeric_limits<double>::infinity());
}

TEST_F(Attention, NothingVisibleGivesZero) {
    const auto none = [](std::size_t) { return false; };
    const auto result = reference::attend(q, keys(), values(), {.scale = 0.5, .visible = none, .sinkLogit = {}});
    EXPECT_THAT(result.output, testing::Each(0));
    EXPECT_THAT(result.probabilities, testing::Each(0));
    EXPECT_EQ(result.logSumExp, -std::numeric_limits<double>::infinity());
}

TEST(Figures, NormAndAngle) {
    const std::array<float, 3> a = {1, 2, 3};
    const std::array<float, 3> b = {1, 2, 2};
    const std::array<float, 3> zero = {};
    EXPECT_NEAR(reference::relativeL2(a, b), 1.0 / 3, 1e-12);
    EXPECT_NEAR(reference::cosine(a, b), 0.9799578870122229, 1e-12);
    EXPECT_EQ(reference::relativeL2(zero, zero), 0);
    EXPECT_EQ(reference::relativeL2(a, zero), std::numeric_limits<double>::infinity());
    EXPECT_EQ(reference::cosine(zero, zero), 1);
    EXPECT_EQ(reference::cosine(a, zero), 0);
}

}  // namespace
}  // namespace kvscope
