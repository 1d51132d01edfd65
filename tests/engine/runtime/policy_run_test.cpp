// SPDX-License-Identifier: Apache-2.0
// Policies at work: eviction under a cap, order of encodings, a switch in mid-run, and what a window forgets.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "engine/runtime/session_impl.h"
#include "tests/engine/runtime/session_support.h"

namespace kvscope {
namespace {

double meanOf(const trace::HeadMetricRecord& record) {
    return std::accumulate(record.values.begin(), record.values.end(), 0.0) / static_cast<double>(record.values.size());
}

/// Mean relative L2 of the last probed step after 300 tokens.
double errorUnder(runtime::Engine& engine, const std::string& policy) {
    runtime::SessionOptions options;
    options.contextLength = 512;
    options.probes.errorEvery = 1;
    const auto session = test::openSession(engine, policy, options);
    const auto tokens = test::textTokens(engine, 300);
    EXPECT_TRUE(session->addSequence(tokens, {}).has_value());
    double sum = 0;
    int steps = 0;
    while (session->sequence(0).processed < 300) {
        const auto bundle = test::mustStep(*session);
        sum += meanOf(*test::metric(*bundle, trace::HeadMetric::ErrorRelL2));
        ++steps;
    }
    return sum / steps;
}

TEST(PolicyRunTest, EncodingsErrInTheOrderOfTheirBitsAndKeysMoreThanValues) {
    const auto engine = test::openEngine(test::bundledModel());
    const double f16 = errorUnder(*engine, "encode=f16");
    const double q8 = errorUnder(*engine, "encode=q8_0");
    const double q4 = errorUnder(*engine, "encode=q4_0");
    const double keys = errorUnder(*engine, "encode=k:q4_0");
    const double values = errorUnder(*engine, "encode=v:q4_0");
    std::printf("mean relative L2: f16 %.3g, q8_0 %.3g, q4_0 %.3g; q4_0 keys only %.3g, values only %.3g\n", f16, q8,
                q4, keys, values);
    EXPECT_LT(f16, q8);
    EXPECT_LT(q8, q4);
    EXPECT_GT(keys, values);
}

TEST(PolicyRunTest, SinksAndWindowRunFarPastACapOfRows) {
    const auto engine = test::openEngine(test::bundledModel());
    runtime::SessionOptions options;
    options.contextLength = 4096;
    options.cacheRowsCap = 300;
    const auto session = test::openSession(*engine, "encode=f16 keep=sinks(4)+window(256)", options);
    const auto tokens = test::textTokens(*engine, 4096);
    ASSERT_TRUE(session->addSequence(tokens, {}).has_value());
    const std::uint64_t allocated = session->impl().store->pageBytesAllocated();
    EXPECT_LE(allocated, 300ULL * 4 * 6 * 128);
    std::uint64_t dropped = 0;
    while (session->sequence(0).processed < 4096) {
        const auto bundle = test::mustStep(*session);
        ASSERT_NE(bundle, nullptr);
        ASSERT_EQ(bundle->occupancy[0].bytesAllocated, allocated);
        ASSERT_LE(bundle->occupancy[0].physicalRows, 300ULL * 24);
        for (const auto& decision : bundle->decisions) dropped += decision.rows;
    }
    EXPECT_EQ(dropped + session->impl().store->rowsResident(), 4096ULL * 24);
    EXPECT_TRUE(engine->validationMessages().empty());
}

TEST(PolicyRunTest, MemoryIsFreedWhenAPolicySwitchDropsMostRows) {
    const auto engine = test::openEngine(test::bundledModel());
    const auto session = test::openSession(*engine, "encode=f16");
    const auto tokens = test::textTokens(*engine, 1000);
    const auto id = session->addSequence(tokens, {});
    test::runAll(*session, *id);
    const std::uint64_t before = session->impl().store->pageBytesAllocated();
    ASSERT_TRUE(session->setPolicy(*cache::CachePolicy::parse("encode=f16 keep=sinks(4)+window(64)")).has_value());
    auto bundle = test::mustStep(*session, true);
    EXPECT_LT(session->impl().store->pageBytesAllocated(), before / 4);
    EXPECT_EQ(bundle->occupancy[0].physicalRows, 68ULL * 24);
    ASSERT_EQ(bundle->decisions.size(), 2U);
    EXPECT_EQ(bundle->decisions[0].kind, trace::DecisionKind::PolicySwitch);
    EXPECT_EQ(bundle->decisions[1].kind, trace::DecisionKind::Evict);
    EXPECT_EQ(bundle->decisions[1].rows, (1000ULL - 67) * 24);
    EXPECT_EQ(bundle->policySwitchedTo, "keep=sinks(4)+window(64)");
    // dropped rows stay dropped when everything may be kept again
    ASSERT_TRUE(session->setPolicy(*cache::CachePolicy::parse("encode=f16")).has_value());
    bundle = test::mustStep(*session, true);
    EXPECT_EQ(bundle->occupancy[0].physicalRows, 69ULL * 24);
}

TEST(PolicyRunTest, SwitchingTheEncodingReencodesResidentRows) {
    const auto engine = test::openEngine(test::bundledModel());
    runtime::SessionOptions options;
    options.probes.errorEvery = 1;
    const auto session = test::openSession(*engine, "exact", options);
    const auto tokens = test::textTokens(*engine, 200);
    const auto id = session->addSequence(tokens, {});
    test::runAll(*session, *id);
    ASSERT_TRUE(session->setPolicy(*cache::CachePolicy::parse("encode=q8_0")).has_value());
    const auto bundle = test::mustStep(*session, true);
    EXPECT_EQ(bundle->occupancy[0].bytesUsed, 201ULL * 24 * 68);
    const double error = meanOf(*test::metric(*bundle, trace::HeadMetric::ErrorRelL2));
    EXPECT_GT(error, 1e-4);
    EXPECT_LT(error, 0.05);
}

TEST(PolicyRunTest, MassIsLostOnlyBeyondTheWindow) {
    const auto engine = test::openEngine(test::bundledModel());
    runtime::SessionOptions options;
    options.contextLength = 1024;
    options.probes.errorEvery = 1;
    const auto session = test::openSession(*engine, "encode=f32 keep=sinks(4)+window(256)", options);
    const auto tokens = test::textTokens(*engine, 900);
    ASSERT_TRUE(session->addSequence(tokens, {}).has_value());
    while (session->sequence(0).processed < 900) {
        const auto bundle = test::mustStep(*session);
        const float least = std::ranges::min(test::metric(*bundle, trace::HeadMetric::MassRecall)->values);
        if (bundle->step.position <= 260) {
            EXPECT_NEAR(least, 1, 1e-5) << bundle->step.position;
        }
        if (bundle->step.position > 800) {
            EXPECT_LT(least, 0.9) << bundle->step.position;
        }
        const auto& recall = test::metric(*bundle, trace::HeadMetric::MassRecall)->values;
        const auto& kl = test::metric(*bundle, trace::HeadMetric::AttentionKl)->values;
        // selection alone: KL(approximate || exact) = -ln(mass recall)
        for (std::size_t i = 0; i < kl.size(); ++i) EXPECT_NEAR(kl[i], -std::log(recall[i]), 2e-4);
    }
}

TEST(PolicyRunTest, SameSeedSameTokensAndBadInputIsRefusedWithASentence) {
    const auto engine = test::openEngine(test::bundledModel());
    const auto generate = [&](std::uint64_t seed) {
        const auto session = test::openSession(*engine, "encode=f16");
        const auto tokens = test::textTokens(*engine, 30);
        const auto id = session->addSequence(tokens, {.temperature = 1.2F, .topK = 50, .topP = 0.95F, .seed = seed});
        for (int i = 0; i < 30; ++i) test::mustStep(*session, true);
        return session->sequence(*id).tokens;
    };
    EXPECT_EQ(generate(7), generate(7));
    EXPECT_NE(generate(7), generate(8));
    const auto session = test::openSession(*engine, "encode=f16");
    const std::vector<text::TokenId> bad{5, 2048};
    const auto refused = session->addSequence(bad, {});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().text(), "tokens: 2048 is no token id of this model (0 … 2047)");
    EXPECT_FALSE(session->addSequence({}, {}).has_value());
}

}  // namespace
}  // namespace kvscope
