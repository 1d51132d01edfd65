// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/trace/synthetic.h"

namespace kvscope::trace {
namespace {

/// Five steps whose figures are worked out by hand in the test.
History handmade() {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    History history(RunInfo{.nLayers = 1, .nHeads = 2, .nKvHeads = 1});
    const auto add = [&](Phase phase, std::uint32_t tokens, std::uint64_t ns, bool instrumented) {
        auto b = std::make_shared<StepBundle>();
        b->step.step = history.bundles().size();
        b->step.phase = phase;
        b->step.tokens = tokens;
        b->step.hostNs = ns;
        b->step.dispatches = 10;
        b->step.submissions = 1;
        b->step.instrumented = instrumented;
        b->traffic.byCategory[1] = {100, 50, 0};
        b->traffic.byCategory[2] = {0, 0, 8};
        for (std::uint32_t i = 0; i < tokens; ++i) b->tokens.push_back({0, i, 1, phase == Phase::Decode, 0, "x"});
        return b;
    };
    history.append(add(Phase::Prefill, 64, 2'000'000'000, false));
    auto second = add(Phase::Decode, 1, 10'000'000, false);  // 100 tokens/s
    second->occupancy = {{kAllSequences, 0, 0, 0, 900, 1000, 0, 0, 0}, {0, 0, 0, 0, 999'999, 1, 0, 0, 0}};
    second->lanes = {{0, 0.1, true, 1.0, 0.5}};
    history.append(second);
    auto third = add(Phase::Decode, 1, 900'000'000, true);
    third->heads = {{HeadMetric::ErrorRelL2, 0, {0.25F, 0.75F}}, {HeadMetric::MassRecall, 0, {0.5F, std::nanf("")}}};
    third->lanes = {{0, 0.3, false, 2.0, 1.5}};
    history.append(third);
    auto fourth = add(Phase::Decode, 2, 10'000'000, false);  // 200 tokens/s
    fourth->occupancy = {{kAllSequences, 0, 0, 0, 250, 1000, 0, 0, 0}};
    fourth->heads = {{HeadMetric::ErrorRelL2, 0, {0.5F, 0.5F}}};
    fourth->lanes = {{0, 0.2, true, kNan, 9.0}, {1, kNan, true, kNan, kNan}};
    fourth->decisions.resize(3);  // evictions
    history.append(fourth);
    auto fifth = add(Phase::Decode, 1, 20'000'000, false);  // 50 tokens/s
    fifth->policySwitchedTo = "exact";
    history.append(fifth);
    return history;
}

TEST(TraceSummary, HandComputedTotalsAndSpeeds) {
    const History history = handmade();
    const Result<Summary> s = summarise(HistorySource(history));
    ASSERT_TRUE(s);
    EXPECT_EQ(s->steps, 5U);
    EXPECT_EQ(s->instrumentedSteps, 1U);
    EXPECT_EQ(s->promptTokens, 64U);
    EXPECT_EQ(s->generatedTokens, 5U);
    EXPECT_EQ(s->dispatches, 50U);
    EXPECT_EQ(s->hostNs, 2'940'000'000U);
    EXPECT_DOUBLE_EQ(s->prefill.mean, 32.0);
    EXPECT_EQ(s->decode.steps, 3U);
    EXPECT_EQ(s->decode.tokens, 4U);
    EXPECT_DOUBLE_EQ(s->decode.mean, 100.0);    // 4 tokens in 40 ms; the instrumented step does not count
    EXPECT_DOUBLE_EQ(s->decode.median, 100.0);  // of 50, 100, 200
    EXPECT_EQ(s->decisions[static_cast<std::size_t>(DecisionKind::Evict)], 3U);
    EXPECT_EQ(s->policySwitches, 1U);
}

TEST(TraceSummary, HandComputedCacheAndTraffic) {
    const History history = handmade();
    const Result<Summary> s = summarise(HistorySource(history));
    ASSERT_TRUE(s && s->occupancy);
    EXPECT_EQ(s->occupancy->bytesUsed, 250U);
    EXPECT_EQ(s->peakBytesUsed, 900U);
    EXPECT_DOUBLE_EQ(s->ratioToF16, 0.25);
    EXPECT_DOUBLE_EQ(s->savedShare, 0.75);
    EXPECT_EQ(s->traffic.at(TrafficCategory::KvRead).readRequested, 500U);
    EXPECT_EQ(s->decodeTokens, 5U);
    EXPECT_DOUBLE_EQ(s->perDecodedToken(TrafficCategory::KvRead).readRequested, 80.0);  // 400 / 5
    EXPECT_DOUBLE_EQ(s->perDecodedToken(TrafficCategory::KvRead).readUnique, 40.0);
    EXPECT_DOUBLE_EQ(s->perDecodedToken(TrafficCategory::KvWritten).written, 6.4);
    EXPECT_DOUBLE_EQ(s->perDecodedToken(TrafficCategory::Weights).readUnique, 0.0);
}

TEST(TraceSummary, HandComputedErrors) {
    const History history = handmade();
    const Result<Summary> s = summarise(HistorySource(history));
    ASSERT_TRUE(s);
    const HeadStatistics& error = s->head(HeadMetric::ErrorRelL2);
    EXPECT_EQ(error.count, 4U);
    EXPECT_DOUBLE_EQ(error.mean, 0.5);
    EXPECT_DOUBLE_EQ(error.minimum, 0.25);
    EXPECT_DOUBLE_EQ(error.maximum, 0.75);
    EXPECT_EQ(s->head(HeadMetric::MassRecall).count, 1U);
    EXPECT_DOUBLE_EQ(s->head(HeadMetric::MassRecall).mean, 0.5);
    EXPECT_TRUE(std::isnan(s->head(HeadMetric::AttentionKl).maximum));
    // KL 0.1, 0.2, 0.3: mean 0.2, sample deviation 0.1; rank 0.99 x 2 = 1.98 lies 98 % of the way from 0.2 to 0.3.
    EXPECT_EQ(s->lane.count, 3U);
    EXPECT_NEAR(s->lane.klMean, 0.2, 1e-15);
    EXPECT_NEAR(s->lane.klStandardError, 0.1 / std::sqrt(3.0), 1e-15);
    EXPECT_DOUBLE_EQ(s->lane.klMedian, 0.2);
    EXPECT_NEAR(s->lane.klP99, 0.298, 1e-15);
    EXPECT_DOUBLE_EQ(s->lane.klMax, 0.3);
    EXPECT_DOUBLE_EQ(s->lane.sameTopShare, 0.75);
    EXPECT_EQ(s->lane.scored, 2U);
    EXPECT_DOUBLE_EQ(s->lane.nllMean, 1.5);
    EXPECT_DOUBLE_EQ(s->lane.nllExactMean, 1.0);
}

TEST(TraceSummary, OfNothingIsUnknown) {
    const Summary s = SummaryBuilder().summary();
    EXPECT_EQ(s.steps, 0U);
    EXPECT_FALSE(s.occupancy);
    for (const double v :
         {s.decode.mean, s.decode.median, s.savedShare, s.lane.klMean, s.lane.klP99, s.lane.sameTopShare,
          s.head(HeadMetric::ErrorRelL2).mean, s.perDecodedToken(TrafficCategory::Index).written}) {
        EXPECT_TRUE(std::isnan(v));
    }
}

TEST(Synthetic, IsAFunctionOfSeedAndIndex) {
    const SyntheticOptions options{.steps = 300};
    EXPECT_EQ(syntheticStep(options, 200)->heads.front().values,
              syntheticHistory(options).bundles()[200]->heads.front().values);
    const BundlePtr last = syntheticStep(options, 299);
    EXPECT_EQ(last->step.position, 2 * 64U + 298U);
    EXPECT_LT(last->occupancy.front().bytesUsed, last->occupancy.front().bytesNativeF16);
    EXPECT_NE(syntheticStep({.seed = 2}, 200)->step.hostNs, syntheticStep({.seed = 1}, 200)->step.hostNs);
}

}  // namespace
}  // namespace kvscope::trace
