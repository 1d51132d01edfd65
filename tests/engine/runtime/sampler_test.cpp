// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/sampler.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace kvscope {
namespace {

using runtime::Sampler;
using runtime::SamplerOptions;

constexpr std::array<float, 4> kLogits = {1.5F, -0.25F, 3.0F, 0.5F};
/// softmax(kLogits), by NumPy.
constexpr std::array<double, 4> kProbabilities = {0.166020781, 0.028850011, 0.744053495, 0.061075712};

/// Share of each token in many draws.
std::array<double, 4> shares(const SamplerOptions& options) {
    constexpr int kDraws = 40000;
    Sampler sampler(options);
    std::array<double, 4> counts{};
    for (int i = 0; i < kDraws; ++i) counts[static_cast<std::size_t>(sampler.sample(kLogits))] += 1.0 / kDraws;
    return counts;
}

void expectShares(const SamplerOptions& options, const std::array<double, 4>& expected) {
    const std::array<double, 4> got = shares(options);
    for (std::size_t i = 0; i < 4; ++i) {
        if (expected[i] == 0) {
            EXPECT_EQ(got[i], 0) << i;
        } else {
            EXPECT_NEAR(got[i], expected[i], 0.011) << i;  // over four standard deviations of 40,000 draws
        }
    }
}

TEST(Sampler, GreedyTakesTheLargestAndTheLowerIdOnTies) {
    Sampler sampler(SamplerOptions{});
    EXPECT_EQ(sampler.sample(kLogits), 2);
    EXPECT_EQ(sampler.sample(std::array{1.0F, 4.0F, 4.0F, 4.0F}), 1);
    EXPECT_EQ(sampler.sample(std::array{-5.0F}), 0);
    constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(sampler.sample(std::array{kNan, -3.0F, kNan, -2.0F}), 3);
}

TEST(Sampler, TemperatureOneDrawsTheSoftmax) {
    expectShares({.temperature = 1, .seed = 3}, kProbabilities);
}

TEST(Sampler, TemperatureSharpens) {  // softmax of twice the logits
    expectShares({.temperature = 0.5F, .seed = 4}, {0.04705646, 0.00142098, 0.94515416, 0.0063684});
}

TEST(Sampler, TopKKeepsTheLargest) {
    expectShares({.temperature = 1, .topK = 2, .seed = 5}, {0.182425524, 0, 0.817574476, 0});
    expectShares({.temperature = 1, .topK = 1, .seed = 5}, {0, 0, 1, 0});
    expectShares({.temperature = 1, .topK = 9, .seed = 5}, kProbabilities);
}

TEST(Sampler, TopPKeepsTheShortestPrefixThatReachesIt) {
    expectShares({.temperature = 1, .topP = 0.74F, .seed = 6}, {0, 0, 1, 0});
    expectShares({.temperature = 1, .topP = 0.75F, .seed = 6}, {0.182425524, 0, 0.817574476, 0});
    expectShares({.temperature = 1, .topP = 0.0F, .seed = 6}, {0, 0, 1, 0});
}

TEST(Sampler, MinPIsRelativeToTheBest) {  // 0.061 / 0.744 = 0.082, 0.166 / 0.744 = 0.223
    expectShares({.temperature = 1, .minP = 0.1F, .seed = 7}, {0.182425524, 0, 0.817574476, 0});
    expectShares({.temperature = 1, .minP = 0.3F, .seed = 7}, {0, 0, 1, 0});
}

TEST(Sampler, SameSeedSameTokens) {
    const auto draw = [](std::uint64_t seed) {
        Sampler sampler({.temperature = 1.5F, .seed = seed});
        std::vector<std::int32_t> tokens;
        for (int i = 0; i < 50; ++i) tokens.push_back(sampler.sample(kLogits));
        return tokens;
    };
    EXPECT_EQ(draw(11), draw(11));
    EXPECT_NE(draw(11), draw(12));
}

TEST(Sampler, InfiniteLogitsAreNoAccident) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    Sampler sampler({.temperature = 1, .seed = 1});
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(sampler.sample(std::array{-kInfinity, 0.0F, -kInfinity}), 1);
        EXPECT_EQ(sampler.sample(std::array{0.0F, 1.0F, kInfinity}), 2);
    }
}

TEST(Figures, LogProbability) {
    EXPECT_NEAR(runtime::logProbability(kLogits, 0), -1.795642330317, 1e-12);
    EXPECT_NEAR(runtime::logProbability(kLogits, 2), -0.295642330317, 1e-12);
    EXPECT_NEAR(runtime::logProbability(std::array{10000.0F, 10000.0F}, 1), -std::log(2.0), 1e-12);
}

TEST(Figures, KlDivergence) {
    EXPECT_NEAR(runtime::klDivergence(kLogits, std::array{1.0F, 0.0F, 2.5F, 1.0F}), 0.04583013399764551, 1e-12);
    EXPECT_EQ(runtime::klDivergence(kLogits, kLogits), 0);
    EXPECT_NEAR(runtime::klDivergence(kLogits, std::array{2.5F, 0.75F, 4.0F, 1.5F}), 0, 1e-15);  // shifted by 1
}

}  // namespace
}  // namespace kvscope
