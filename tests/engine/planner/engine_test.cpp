// SPDX-License-Identifier: Apache-2.0
// What the planner says is allocated is what the running engine allocates, to the byte, for every architecture.
#include "engine/planner/plan.h"
#include "tests/engine/runtime/session_support.h"
#include "tests/support/golden_models.h"

namespace kvscope {
namespace {

struct Case {
    const char* policy;
    std::uint32_t chunk;
    std::size_t prompt;  ///< tokens that come in chunks; the rest comes one a step
    std::size_t sequences;
};

class PlannerEngine : public testing::TestWithParam<test::GoldenModel> {
  protected:
    /// The occupancy record of the whole session after all tokens.
    static trace::OccupancyRecord run(runtime::Engine& engine, const Case& c, std::uint32_t context) {
        const auto& tokens = GetParam().tokens;
        const auto session = test::openSession(engine, c.policy, {.contextLength = context, .chunk = c.chunk});
        if (session == nullptr) return {};
        for (std::size_t i = 0; i < c.sequences; ++i) {
            EXPECT_TRUE(session->addSequence(std::span(tokens).first(c.prompt), {}).has_value());
        }
        trace::OccupancyRecord last;
        while (const auto bundle = test::mustStep(*session)) last = bundle->occupancy.front();
        for (std::size_t at = c.prompt; at < tokens.size(); ++at) {
            for (std::uint32_t id = 0; id < c.sequences; ++id) {
                EXPECT_TRUE(session->appendTokens(id, std::span(tokens).subspan(at, 1)).has_value());
            }
            const auto bundle = test::mustStep(*session);
            if (bundle != nullptr) last = bundle->occupancy.front();
        }
        return last;
    }

    static planner::Allocation plan(const runtime::Engine& engine, const Case& c, std::uint32_t context) {
        const auto policy = planner::PlanPolicy::parse(c.policy);
        EXPECT_TRUE(policy.has_value());
        const model::Hparams& h = engine.program().hparams;
        std::vector<planner::RowFormat> formats;
        for (const model::CacheStream& stream : engine.program().layout.streams) {
            formats.push_back(policy->format(stream, h.ropeDims));
        }
        const std::uint64_t chunk = c.chunk;
        return planner::allocate(engine.program().layout, formats, policy->keep(),
                                 {.contextLength = context,
                                  .tokens = GetParam().tokens.size(),
                                  .promptTokens = c.prompt,
                                  .chunk = chunk,
                                  .columns = std::max<std::uint64_t>(chunk, 16),
                                  .sequences = c.sequences});
    }
};

TEST_P(PlannerEngine, AllocatesWhatThePlanSays) {
    const test::GoldenModel& golden = GetParam();
    const auto engine = test::openEngine(golden.file());
    ASSERT_NE(engine, nullptr);
    const std::size_t all = golden.tokens.size();
    std::vector<Case> cases{{"exact", 16, all / 2, 1}, {"encode=f16", 64, all, 1}, {"encode=f16", 5, all - 3, 3}};
    if (golden.architecture != "deepseek4") cases.push_back({"encode=f16 keep=sinks(2)+window(6)", 16, all / 2, 2});
    for (const Case& c : cases) {
        SCOPED_TRACE(fmt::format("{}: {} chunk {} prompt {} sequences {}", golden.name, c.policy, c.chunk, c.prompt,
                                 c.sequences));
        const auto context = static_cast<std::uint32_t>(all + 40);
        const trace::OccupancyRecord engineSays = run(*engine, c, context);
        const planner::Allocation planSays = plan(*engine, c, context);
        EXPECT_EQ(planSays.pageBytes + planSays.stateBytes, engineSays.bytesAllocated);
        EXPECT_EQ(planSays.indexBytes + planSays.positionBytes, engineSays.bytesIndex);
    }
}

TEST_P(PlannerEngine, CountsTheRowsThatTheEngineHolds) {
    const test::GoldenModel& golden = GetParam();
    const auto engine = test::openEngine(golden.file());
    ASSERT_NE(engine, nullptr);
    const Case c{"encode=f16", 1, 1, 1};  // a token a step: a windowed layer holds its window, no more
    const trace::OccupancyRecord engineSays = run(*engine, c, 0);
    planner::PlanRequest request;
    request.hparams = engine->program().hparams;
    request.policy = *planner::PlanPolicy::parse(c.policy);
    auto planner = planner::Planner::create(std::move(request));
    ASSERT_TRUE(planner.has_value()) << planner.error().text();
    const auto planned = planner->at(golden.tokens.size());
    ASSERT_TRUE(planned.has_value()) << planned.error().text();
    EXPECT_EQ(planned->cacheBytes, engineSays.bytesUsed);
    EXPECT_EQ(planned->cacheBytes, engineSays.bytesNativeF16);
}

INSTANTIATE_TEST_SUITE_P(Models, PlannerEngine, testing::ValuesIn(test::goldenModels()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace kvscope
