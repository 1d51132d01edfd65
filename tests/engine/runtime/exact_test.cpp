// SPDX-License-Identifier: Apache-2.0
// `exact` against the Eigen reference, and batch invariance: another chunk size or other sequences change no bit.
#include <cmath>
#include <cstring>

#include "engine/reference/attention.h"
#include "engine/reference/forward.h"
#include "engine/runtime/session_impl.h"
#include "tests/engine/runtime/session_support.h"

namespace kvscope {
namespace {

TEST(ExactTest, HeadOutputsEqualTheReferenceAtEveryStepOf1024Tokens) {
    const auto engine = test::openEngine(test::bundledModel());
    ASSERT_NE(engine, nullptr);
    const auto tokens = test::textTokens(*engine, 1024);
    auto reference = reference::Forward::create(engine->file(), engine->program());
    ASSERT_TRUE(reference.has_value());
    const auto expected = reference->run(tokens, {.allLogits = true, .layers = true});
    ASSERT_TRUE(expected.has_value());
    runtime::SessionOptions options;
    options.contextLength = 1024;
    options.probes.errorEvery = 1;
    const auto session = test::openSession(*engine, "exact", options);
    session->setChunk(1);
    const auto id = session->addSequence(tokens, {});
    ASSERT_TRUE(id.has_value());
    const model::Hparams& h = engine->program().hparams;
    const std::size_t d = h.headDimK;
    double worstHead = 0, worstLogits = 0, worstProbe = 0;
    for (std::size_t position = 0; position < tokens.size(); ++position) {
        const auto bundle = test::mustStep(*session);
        ASSERT_NE(bundle, nullptr);
        const auto taps = session->impl().error.taps().view<float>();
        for (std::size_t layer = 0; layer < h.nLayers; ++layer) {
            const auto& heads = expected->layers[layer].heads;
            for (std::size_t head = 0; head < h.nHeads[layer]; ++head) {
                const auto ours = taps.subspan(((layer * h.nHeads[layer] + head) * 2 + 1) * d, d);
                const auto theirs = std::span(heads).subspan((position * h.nHeads[layer] + head) * d, d);
                worstHead = std::max(worstHead, reference::relativeL2(ours, theirs));
            }
        }
        const auto logits = session->logits(*id);
        const auto row = std::span(expected->logits).subspan(position * h.nVocab, h.nVocab);
        worstLogits = std::max(worstLogits, reference::relativeL2(*logits, row));
        const auto* error = test::metric(*bundle, trace::HeadMetric::ErrorRelL2);
        ASSERT_NE(error, nullptr);
        for (const float value : error->values) worstProbe = std::max<double>(worstProbe, value);
    }
    EXPECT_LE(worstHead, 1e-4);
    EXPECT_LE(worstLogits, 1e-4);
    EXPECT_LE(worstProbe, 1e-5);
    EXPECT_EQ(session->referenceCheck().steps, 1024U / 64);
    EXPECT_LE(session->referenceCheck().worstDifference, 1e-5);
    EXPECT_TRUE(engine->validationMessages().empty());
    RecordProperty("worst_head_rel_l2", std::to_string(worstHead));
    std::printf("worst relative L2: head outputs %.2e, logits %.2e, error probe %.2e\n", worstHead, worstLogits,
                worstProbe);
}

bool sameBits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(ExactTest, ChunkSizeAndNeighboursChangeNoBit) {
    const auto engine = test::openEngine(test::bundledModel());
    ASSERT_NE(engine, nullptr);
    const auto tokens = test::textTokens(*engine, 300);
    for (const char* policy : {"exact", "encode=k:q8_0,v:q4_0"}) {
        const auto logitsWith = [&](std::uint32_t chunk) {
            runtime::SessionOptions options;
            options.chunk = 64;
            const auto session = test::openSession(*engine, policy, options);
            session->setChunk(chunk);
            return test::runAll(*session, *session->addSequence(tokens, {}));
        };
        const auto whole = logitsWith(64);
        EXPECT_TRUE(sameBits(whole, logitsWith(1))) << policy << ": one token a step";
        EXPECT_TRUE(sameBits(whole, logitsWith(13))) << policy << ": chunks of 13";
        const auto session = test::openSession(*engine, policy);
        const auto others = test::textTokens(*engine, 77);
        ASSERT_TRUE(session->addSequence(std::span(others).subspan(20), {}).has_value());
        const auto id = session->addSequence(tokens, {});
        ASSERT_TRUE(session->addSequence(others, {}).has_value());
        session->setChunk(1);
        EXPECT_TRUE(sameBits(whole, test::runAll(*session, *id))) << policy << ": in company";
    }
    EXPECT_TRUE(engine->validationMessages().empty());
}

TEST(ExactTest, LaneOfExactAgainstItselfIsBitEqual) {
    const auto engine = test::openEngine(test::bundledModel());
    runtime::SessionOptions options;
    options.exactLane = true;
    const auto session = test::openSession(*engine, "exact", options);
    const auto tokens = test::textTokens(*engine, 40);
    ASSERT_TRUE(session->addSequence(tokens, {}).has_value());
    for (int i = 0; i < 4; ++i) {
        const auto bundle = test::mustStep(*session, true);
        ASSERT_EQ(bundle->lanes.size(), 1U);
        EXPECT_EQ(bundle->lanes[0].kl, 0.0);
        EXPECT_TRUE(bundle->lanes[0].sameTop);
    }
}

}  // namespace
}  // namespace kvscope
