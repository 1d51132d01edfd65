// SPDX-License-Identifier: Apache-2.0
#include "engine/planner/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/engine/planner/support.h"
#include "tests/support/shared_files.h"

namespace kvscope::planner {
namespace {

using testing::HasSubstr;

// --- reads and operations of a decode step ---

TEST(PlanReads, EveryRowOnceWhereNothingIsSelected) {
    const Plan plan = planOf(preset("llama-3.1-8b"), "encode=f16", 1000);
    EXPECT_EQ(plan.bytesRead, plan.cacheBytes);
    EXPECT_EQ(plan.attentionFlops, 32ULL * 32 * 1000 * (128 + 128) * 2);
}

TEST(PlanReads, BorrowersReadToo) {
    const Plan plan = planOf(preset("gemma-4-e2b"), "encode=f16", k128);
    EXPECT_EQ(plan.bytesRead, planOf(withoutSharing(preset("gemma-4-e2b")), "encode=f16", k128).cacheBytes);
    EXPECT_EQ(plan.bytesRead, 1'893'728'256);
    EXPECT_EQ(plan.attentionFlops, 8ULL * 4 * (7 * 512 * k128 + 28 * 256 * 512));
}

TEST(PlanReads, AnIndexerReadsItsKeysAndSelectsRows) {
    const Plan plan = planOf(preset("deepseek-v3.2"), "encode=f16", k128);
    EXPECT_EQ(plan.bytesRead, 61ULL * (k128 * 128 * 2 + 2048ULL * 576 * 2));
    EXPECT_EQ(plan.attentionFlops, 61ULL * (128ULL * 2048 * (576 + 512) * 2 + 64ULL * k128 * 128 * 2));
    const Plan brief = planOf(preset("deepseek-v3.2"), "encode=f16", 100);
    EXPECT_EQ(brief.bytesRead, brief.cacheBytes);
}

TEST(PlanReads, CompressedRowsAreSelectedWhereThereIsAnIndexer) {
    const Plan plan = planOf(preset("deepseek-v4-flash"), "encode=f16", kMillion);
    const std::uint64_t windows = 43ULL * 128 * 1024;
    EXPECT_EQ(plan.bytesRead, windows + 21ULL * (512 * 1024 + 262'144 * 256) + 20ULL * 8'192 * 1024);
    const std::uint64_t rows = 43ULL * 128 + 21ULL * 512 + 20ULL * 8'192;
    EXPECT_EQ(plan.attentionFlops, 64 * rows * 1024 * 2 + 21ULL * 64 * 262'144 * 128 * 2);
}

TEST(PlanReads, BlocksAppearWhenTheirLastTokenArrived) {
    const auto rowsOf = [](std::uint64_t tokens, std::size_t layer) {
        return planOf(preset("deepseek-v4-flash"), "encode=f16", tokens).layers[layer].streams[1].rows;
    };
    EXPECT_EQ(rowsOf(3, 2), 0U);
    EXPECT_EQ(rowsOf(4, 2), 1U);
    EXPECT_EQ(rowsOf(8, 2), 2U);
    EXPECT_EQ(rowsOf(127, 3), 0U);
    EXPECT_EQ(rowsOf(128, 3), 1U);
    EXPECT_EQ(rowsOf(256, 3), 2U);
}

// --- roofline ---

PlanRequest llama(std::string_view text = "encode=f16") {
    return {.hparams = preset("llama-3.1-8b"), .policy = policy(text)};
}

TEST(PlanRoofline, UnknownStaysUnknown) {
    const Roofline nothing = planOf(llama(), 1000).roofline;
    EXPECT_FALSE(nothing.tokensPerS);
    EXPECT_FALSE(nothing.cacheTokensPerS);
    PlanRequest request = llama();
    request.bandwidth = 100e9;
    const Roofline cache = planOf(request, 1000).roofline;
    EXPECT_FALSE(cache.tokensPerS) << "the weights are not known";
    EXPECT_EQ(cache.limit, "");
    EXPECT_DOUBLE_EQ(cache.cacheTokensPerS.value_or(0), 100e9 / 131'072'000);
}

TEST(PlanRoofline, BytesOverBandwidth) {
    PlanRequest request = llama();
    request.bandwidth = 100e9;
    request.weights = WeightsRead{.bytes = 8'000'000'000};
    const Roofline roof = planOf(request, 1000).roofline;
    EXPECT_DOUBLE_EQ(roof.tokensPerS.value_or(0), 100e9 / 8'131'072'000.0);
    EXPECT_EQ(roof.limit, "bandwidth");
}

TEST(PlanRoofline, OperationsOverTheirRate) {
    PlanRequest request = llama();
    request.bandwidth = 1e15;
    request.flops = 1e9;
    request.weights = WeightsRead{.bytes = 8'000'000'000, .values = 8'000'000'000};
    const Roofline roof = planOf(request, 1000).roofline;
    EXPECT_DOUBLE_EQ(roof.tokensPerS.value_or(0), 1e9 / (16e9 + 32.0 * 32 * 1000 * 512));
    EXPECT_EQ(roof.limit, "compute");
}

TEST(PlanRoofline, ABoundedCacheDoesNotSlowDown) {
    PlanRequest request = llama("encode=f16 keep=sinks(4)+window(256)");
    request.bandwidth = 100e9;
    request.weights = WeightsRead{.bytes = 1'000'000'000};
    const double early = planOf(request, 1024).roofline.tokensPerS.value_or(0);
    EXPECT_DOUBLE_EQ(planOf(request, kMillion).roofline.tokensPerS.value_or(0), early);
}

// --- requests ---

TEST(Planner, SequencesMultiplyTheCache) {
    PlanRequest request = llama();
    const Plan one = planOf(request, 1000);
    request.sequences = 3;
    const Plan three = planOf(request, 1000);
    EXPECT_EQ(three.cacheBytes, 3 * one.cacheBytes);
    EXPECT_EQ(three.nativeF16Bytes, 3 * one.nativeF16Bytes);
    EXPECT_EQ(three.mhaF16Bytes, 3 * one.mhaF16Bytes);
    EXPECT_EQ(three.bytesRead, one.bytesRead);
}

TEST(Planner, NumbersOutOfRangeAreRefused) {
    const auto planner = Planner::create(llama());
    ASSERT_TRUE(planner);
    EXPECT_THAT(planner->at(0).error().text(), HasSubstr("context"));
    EXPECT_FALSE(planner->at(Planner::kMostTokens + 1));
    EXPECT_TRUE(planner->at(Planner::kMostTokens));
    PlanRequest request = llama();
    request.sequences = 0;
    EXPECT_THAT(Planner::create(request).error().text(), HasSubstr("sequences"));
    request = llama();
    request.chunk = 513;
    EXPECT_THAT(Planner::create(request).error().text(), HasSubstr("chunk"));
}

TEST(Planner, DimensionsBeyondAnyMemoryAreRefused) {
    PlanRequest request = llama();
    request.hparams.nKvHeads.assign(32, 1U << 28U);
    request.hparams.nHeads = request.hparams.nKvHeads;
    const auto planner = Planner::create(request);
    ASSERT_FALSE(planner);
    EXPECT_EQ(planner.error().kind, ErrorKind::BadFile);
}

TEST(Planner, GroupedQueriesAgainstAHeadEach) {
    const Plan plan = planOf(llama(), 1000);
    EXPECT_EQ(plan.mhaF16Bytes, 4 * plan.nativeF16Bytes);
}

// --- presets ---

TEST(Presets, AreSoundAndHaveNamesOfTheirOwn) {
    std::set<std::string_view> names;
    for (const Preset& preset : presets()) {
        EXPECT_TRUE(names.insert(preset.name).second) << preset.name;
        EXPECT_FALSE(preset.source.empty()) << preset.name;
        const model::Hparams h = preset.make();
        for (const auto* vector : {&h.nHeads, &h.nKvHeads, &h.keyDims, &h.valueDims, &h.windows, &h.sourceLayers}) {
            ASSERT_EQ(vector->size(), h.nLayers) << preset.name;
        }
        for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
            EXPECT_EQ(h.nHeads[layer] % h.nKvHeads[layer], 0U) << preset.name;
            EXPECT_LE(h.sourceLayers[layer], layer) << preset.name;
            EXPECT_EQ(h.sourceLayers[h.sourceLayers[layer]], h.sourceLayers[layer]) << preset.name;
            EXPECT_EQ(h.windows[h.sourceLayers[layer]], h.windows[layer]) << preset.name;
        }
        EXPECT_GT(planOf(h, "encode=f16", 1024).cacheBytes, 0U) << preset.name;
    }
    EXPECT_GE(names.size(), 25U);
}

TEST(Presets, AnUnknownNameIsToldWhatThereIs) {
    const auto found = findPreset("gemma-4-e2");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::BadUsage);
    EXPECT_THAT(found.error().text(), HasSubstr("did you mean 'gemma-4-e2b'"));
    EXPECT_THAT(found.error().text(), HasSubstr("llama-3.1-8b"));
}

// --- files ---

TEST(PlannerFiles, TheBundledModelFromItsHeader) {
    const auto file = gguf::File::open(std::string(KVSCOPE_SOURCE_DIR) + "/resources/models/kjv-gqa-q8_0.gguf");
    ASSERT_TRUE(file) << file.error().text();
    const auto hparams = model::readHparams(*file);
    ASSERT_TRUE(hparams);
    EXPECT_EQ(planOf(*hparams, "encode=f16", 2048).cacheBytes, 3'072ULL * 2048);
    EXPECT_EQ(planOf(*hparams, "exact", 2048).cacheBytes, 6'144ULL * 2048);
    EXPECT_EQ(planOf(*hparams, "encode=q4_0", 100).cacheBytes, 6ULL * 4 * 2 * 18 * 100);
    EXPECT_EQ(planOf(*hparams, "exact", 2048).mhaF16Bytes, 6'144ULL * 2048);
}

TEST(PlannerFiles, ThePublishedSmallModel) {
    const auto path = test::sharedFile("models/stories260K-f32.gguf");
    if (!path) GTEST_SKIP() << "models/stories260K-f32.gguf is not in the shared folder";
    const auto file = gguf::File::open(*path);
    ASSERT_TRUE(file) << file.error().text();
    const auto hparams = model::readHparams(*file);
    ASSERT_TRUE(hparams);
    EXPECT_EQ(planOf(*hparams, "encode=f16", 512).cacheBytes, 640ULL * 512);
    EXPECT_THAT(refusal(*hparams, "encode=q8_0"), HasSubstr("blocks of 32"));
}

}  // namespace
}  // namespace kvscope::planner
