// SPDX-License-Identifier: Apache-2.0
// Every architecture on the device against logits from transformers: tiny models, every position.
#include <algorithm>

#include "engine/reference/attention.h"
#include "tests/engine/runtime/session_support.h"
#include "tests/support/golden_models.h"

namespace kvscope {
namespace {

class ArchitectureRun : public testing::TestWithParam<test::GoldenModel> {
  protected:
    /// Logits at every position: the first `prefill` tokens in chunks, the rest one a step.
    static std::vector<float> logitsOf(runtime::Engine& engine, std::uint32_t chunk, std::size_t prefill) {
        runtime::SessionOptions options;
        options.chunk = chunk;
        const auto session = test::openSession(engine, "exact", options);
        if (session == nullptr) return {};
        session->keepAllLogits(true);
        const auto& tokens = GetParam().tokens;
        const std::span<const std::int32_t> first(tokens.data(), prefill);
        EXPECT_TRUE(session->addSequence(first, {}).has_value());
        std::vector<float> all;
        for (std::size_t done = 0; done < tokens.size();) {
            if (done == prefill) {
                EXPECT_TRUE(session->appendTokens(0, std::span(tokens).subspan(prefill)).has_value());
                session->setChunk(1);
            }
            if (test::mustStep(*session) == nullptr) return {};
            all.insert(all.end(), session->allLogits().begin(), session->allLogits().end());
            done = session->sequence(0).processed;
        }
        return all;
    }
};

TEST_P(ArchitectureRun, LogitsAreThoseOfTransformersAtEveryPosition) {
    const test::GoldenModel& golden = GetParam();
    const auto engine = test::openEngine(golden.file());
    ASSERT_NE(engine, nullptr);
    const auto expected = golden.logits();
    const auto ours = logitsOf(*engine, 16, golden.positions);
    ASSERT_EQ(ours.size(), expected.size());
    double worst = 0;
    for (std::size_t i = 0; i < golden.positions; ++i) {
        const auto row = [&](const std::vector<float>& all) {
            return std::span(all).subspan(i * golden.vocabulary, golden.vocabulary);
        };
        worst = std::max(worst, reference::relativeL2(row(ours), row(expected)));
    }
    std::printf("%s: worst relative L2 of a position %.2e\n", golden.name.c_str(), worst);
    EXPECT_LE(worst, std::max(golden.tolerance, 1e-4));
    EXPECT_TRUE(engine->validationMessages().empty()) << engine->validationMessages().front();
}

TEST_P(ArchitectureRun, ChunksAndSingleTokensChangeNoBit) {
    const test::GoldenModel& golden = GetParam();
    const auto engine = test::openEngine(golden.file());
    ASSERT_NE(engine, nullptr);
    const auto whole = logitsOf(*engine, 16, golden.positions);
    EXPECT_EQ(logitsOf(*engine, 7, golden.positions), whole);
    EXPECT_EQ(logitsOf(*engine, 16, golden.positions * 2 / 3), whole);
}

INSTANTIATE_TEST_SUITE_P(Models, ArchitectureRun, testing::ValuesIn(test::goldenModels()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace kvscope
