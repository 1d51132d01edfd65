// SPDX-License-Identifier: Apache-2.0
#include "engine/planner/allocation.h"

#include <gtest/gtest.h>

#include "tests/engine/planner/support.h"

namespace kvscope::planner {
namespace {

/// The bundled model: 6 layers, 4 KV heads of 32 values.
model::Hparams bundled() {
    model::Hparams h;
    h.architecture = "llama";
    h.nLayers = 6;
    h.nHeads.assign(6, 8);
    h.nKvHeads.assign(6, 4);
    h.headDimK = h.headDimV = h.ropeDims = 32;
    h.fillLayers();
    return h;
}

Allocation allocationOf(const model::Hparams& h, std::string_view text, const AllocationRequest& request) {
    const model::CacheLayout layout = model::cacheLayout(h);
    const PlanPolicy parsed = policy(text);
    std::vector<RowFormat> formats;
    for (const auto& stream : layout.streams) formats.push_back(parsed.format(stream, h.ropeDims));
    return allocate(layout, formats, parsed.keep(), request);
}

/// What `kvscope-cli run` reported for the bundled model: prompt, tokens generated, policy, context, chunk, and its
/// cache_bytes_allocated and cache_bytes_index.
struct Measured {
    std::uint64_t prompt, generated;
    const char* policy;
    std::uint64_t context, chunk, pages, index;
};

class EngineAllocation : public testing::TestWithParam<Measured> {};

TEST_P(EngineAllocation, EqualsThePlan) {
    const Measured& run = GetParam();
    const Allocation plan = allocationOf(bundled(), run.policy,
                                         {.contextLength = run.context,
                                          .tokens = run.prompt + run.generated,
                                          .promptTokens = run.prompt,
                                          .chunk = run.chunk,
                                          .columns = std::max<std::uint64_t>(run.chunk, 16)});
    EXPECT_EQ(plan.pageBytes, run.pages);
    EXPECT_EQ(plan.indexBytes + plan.positionBytes, run.index);
    EXPECT_EQ(plan.stateBytes, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Runs, EngineAllocation,
    testing::Values(Measured{902, 1, "exact", 1024, 64, 6'291'456, 108'000},
                    Measured{902, 60, "exact", 2048, 64, 6'291'456, 111'072},
                    Measured{4, 140, "exact", 2048, 64, 1'572'864, 37'344},
                    Measured{902, 1, "encode=f16", 903, 300, 3'833'856, 152'544},
                    Measured{902, 60, "encode=k:q8_0,v:q4_0", 2048, 512, 1'277'952, 155'424},
                    Measured{902, 1, "encode=f16 keep=sinks(4)+window(100)", 1024, 64, 589'824, 28'128},
                    Measured{902, 100, "encode=f16 keep=sinks(4)+window(100)", 1024, 64, 589'824, 28'128},
                    Measured{902, 40, "encode=q8_0 keep=window(300)", 2048, 300, 626'688, 73'056},
                    Measured{4, 140, "encode=f16 keep=sinks(1)+window(8)", 2048, 7, 393'216, 20'352},
                    Measured{902, 1, "encode=f16 keep=window(40)", 1024, 200, 393'216, 35'520}));

TEST(Allocation, BeginsWithFourPagesAHead) {
    const Allocation plan = allocationOf(bundled(), "encode=f16", {.contextLength = 2048, .tokens = 0});
    EXPECT_EQ(plan.pageBytes, 6ULL * 4 * 4 * 32 * 128);
    EXPECT_EQ(plan.positionBytes, 6ULL * 4 * 4 * 32 * 4);
    // counts, first slots and tables of 67 pages for 24 heads, 64 append slots each
    EXPECT_EQ(plan.indexBytes, 4ULL * (24 * (2 + 67) + 24 * 64));
}

TEST(Allocation, HoldsAtLeastTheRows) {
    for (const char* text : {"encode=f16", "encode=q8_0", "encode=f16 keep=sinks(4)+window(256)"}) {
        for (const std::uint64_t tokens : {1, 31, 32, 33, 500, 5000}) {
            const Plan plan = planOf(bundled(), text, tokens);
            EXPECT_GE(plan.allocation.pageBytes, plan.cacheBytes) << text << " " << tokens;
            EXPECT_GE(plan.allocation.positionBytes, plan.layers[0].streams[0].rows * 24 * 4) << text << " " << tokens;
        }
    }
}

TEST(Allocation, TheLastDoublingStopsAtTheContext) {
    // 1,000 tokens: pools double from 4 to 32 pages a head; 1,100 need more, and a context of 1,100 has 38 at most
    const Allocation plan =
        allocationOf(bundled(), "encode=f16", {.contextLength = 1100, .tokens = 1100, .promptTokens = 1100});
    EXPECT_EQ(plan.pageBytes, 6ULL * 4 * 38 * 32 * 128);
}

TEST(Allocation, SequencesHaveTablesOfTheirOwn) {
    const auto index = [](std::uint64_t sequences) {
        return allocationOf(bundled(), "encode=f16",
                            {.contextLength = 512, .tokens = 10, .promptTokens = 10, .sequences = sequences})
            .indexBytes;
    };
    EXPECT_EQ(index(1), 4ULL * (24 * 21 + 24 * 64));
    EXPECT_EQ(index(2), 4ULL * (24 * 2 * 21 + 24 * 64));
    EXPECT_EQ(index(3), 14'208U);  // as the engine reports for three: room for four
    EXPECT_EQ(index(4), 14'208U);
}

TEST(Allocation, SequencesShareThePools) {
    // 4 sequences of 100 rows: 16 pages a head, reached by doubling
    const Allocation plan = allocationOf(bundled(), "encode=f16",
                                         {.contextLength = 512, .tokens = 100, .promptTokens = 100, .sequences = 4});
    EXPECT_EQ(plan.pageBytes, 6ULL * 4 * 16 * 32 * 128);
}

TEST(Allocation, AWindowedLayerStaysSmall) {
    model::Hparams h = bundled();
    for (std::uint32_t layer = 0; layer < 5; ++layer) h.windows[layer] = 64;
    const AllocationRequest request{.contextLength = 8192, .tokens = 8192, .promptTokens = 64};
    const Allocation windowed = allocationOf(h, "encode=f16", request);
    const Allocation full = allocationOf(bundled(), "encode=f16", request);
    EXPECT_LT(windowed.pageBytes, full.pageBytes / 4);
    EXPECT_GE(windowed.pageBytes, 8192ULL * 4 * 128);
}

TEST(Allocation, CompressedRowsTakePagesByBlock) {
    // one layer of ratio 4: 64 rows of the window with a chunk's slack, 256 compressed ones, 256 index keys
    model::Hparams h = preset("deepseek-v4-flash");
    h.nLayers = 1;
    h.compressRatios = {4};
    const model::CacheLayout layout = model::cacheLayout(h);
    ASSERT_EQ(layout.streams.size(), 3U);
    const Allocation plan =
        allocationOf(h, "encode=f16", {.contextLength = 1024, .tokens = 1024, .promptTokens = 1024});
    // window: 127 + 64 rows in 6 pages of 8; compressed and index: 8 pages of 8
    EXPECT_EQ(plan.pageBytes, 8ULL * 32 * 1024 + 8ULL * 32 * 1024 + 8ULL * 32 * 256);
    // rings of 8 tokens and a step's 64: values and gates, both halves, 512 wide and 128 wide
    EXPECT_EQ(plan.stateBytes, (8U + 64U) * 4 * 4 * (512 + 128));
}

}  // namespace
}  // namespace kvscope::planner
