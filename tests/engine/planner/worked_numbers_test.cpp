// SPDX-License-Identifier: Apache-2.0
// Cache sizes that others have published or that were worked out by hand from published configurations, to the byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/planner/support.h"

namespace kvscope::planner {
namespace {

constexpr double kGiB = 1073741824.0;

struct Size {
    const char* preset;
    std::uint64_t context;
    std::uint64_t bytes;
};

class WorkedSize : public testing::TestWithParam<Size> {};

TEST_P(WorkedSize, InF16) {
    const Plan plan = planOf(preset(GetParam().preset), "encode=f16", GetParam().context);
    EXPECT_EQ(plan.cacheBytes, GetParam().bytes);
    EXPECT_EQ(plan.nativeF16Bytes, GetParam().bytes);
    std::uint64_t sum = 0;
    for (const LayerPlan& layer : plan.layers) sum += layer.bytes;
    EXPECT_EQ(sum, GetParam().bytes);
}

INSTANTIATE_TEST_SUITE_P(Models, WorkedSize,
                         testing::Values(Size{"deepseek-v3", kMillion, 73'685'532'672},       //
                                         Size{"deepseek-v3.2", kMillion, 90'060'095'488},     //
                                         Size{"deepseek-v4-pro", kMillion, 10'334'371'840},   //
                                         Size{"deepseek-v4-flash", kMillion, 7'219'838'976},  //
                                         Size{"deepseek-v4-pro", k128, 1'298'792'448},        //
                                         Size{"deepseek-v4-flash", k128, 907'411'456},        //
                                         Size{"gemma-4-e2b", k128, 811'597'824},              //
                                         Size{"gemma-4-e4b", k128, 2'168'455'168},            //
                                         Size{"gemma-4-12b", k128, 2'483'027'968},            //
                                         Size{"gemma-4-26b-a4b", k128, 2'894'069'760},        //
                                         Size{"gemma-4-31b", k128, 11'576'279'040},           //
                                         Size{"llama-3.1-8b", 1000, 131'072'000},             //
                                         Size{"qwen3-0.6b", 1000, 114'688'000},               //
                                         Size{"qwen2-0.5b", 1000, 12'288'000},                //
                                         Size{"phi-3-mini", 1000, 393'216'000},               //
                                         Size{"deepseek-v2", 1000, 69'120'000},               //
                                         Size{"deepseek-v2-lite", 1000, 31'104'000}));

TEST(WorkedNumbers, GibibytesAsPublished) {
    const auto gib = [](const char* name) {
        return static_cast<double>(planOf(preset(name), "encode=f16", kMillion).cacheBytes) / kGiB;
    };
    EXPECT_EQ(gib("deepseek-v3"), 68.625);
    EXPECT_EQ(gib("deepseek-v3.2"), 83.875);
    EXPECT_NEAR(gib("deepseek-v4-pro"), 9.625, 0.0005);
    EXPECT_NEAR(gib("deepseek-v4-flash"), 6.724, 0.0005);
}

TEST(WorkedNumbers, BytesOfAFurtherToken) {
    const auto perToken = [](const char* name) { return planOf(preset(name), "encode=f16", k128).bytesPerToken; };
    EXPECT_EQ(perToken("deepseek-v3"), 70'272);
    EXPECT_EQ(perToken("deepseek-v3.2"), 85'888);
    EXPECT_EQ(perToken("deepseek-v4-pro"), 9'848);
    EXPECT_EQ(perToken("deepseek-v4-flash"), 6'880);
    EXPECT_EQ(perToken("deepseek-v2-lite"), 31'104);
    EXPECT_EQ(perToken("llama-3.1-8b"), 131'072);
    EXPECT_EQ(perToken("qwen3-0.6b"), 114'688);
    EXPECT_EQ(perToken("qwen2-0.5b"), 12'288);
    EXPECT_EQ(perToken("phi-3-mini"), 393'216);
}

// --- DeepSeek V4: what the bytes consist of ---

struct Split {
    std::uint64_t csa = 0, hca = 0, windows = 0, index = 0;
    std::uint32_t csaLayers = 0, hcaLayers = 0;
};

Split splitOf(const Plan& plan) {
    Split split;
    for (const LayerPlan& layer : plan.layers) {
        for (const StreamPlan& rows : layer.streams) {
            switch (rows.stream.role) {
                case model::RowRole::Latent:
                    split.windows += rows.bytes;
                    break;
                case model::RowRole::Index:
                    split.index += rows.bytes;
                    break;
                case model::RowRole::Compressed:
                    (rows.stream.tokensPerRow == 4 ? split.csa : split.hca) += rows.bytes;
                    ++(rows.stream.tokensPerRow == 4 ? split.csaLayers : split.hcaLayers);
                    break;
                case model::RowRole::Attention:
                    ADD_FAILURE() << "layer " << layer.layer << " has plain keys and values";
                    break;
            }
        }
    }
    return split;
}

TEST(WorkedNumbers, DeepSeekV4ProByKindOfRow) {
    const Split split = splitOf(planOf(preset("deepseek-v4-pro"), "encode=f16", kMillion));
    EXPECT_EQ(split.csa, 8'053'063'680);
    EXPECT_EQ(split.hca, 260'046'848);
    EXPECT_EQ(split.windows, 7'995'392);
    EXPECT_EQ(split.index, 2'013'265'920);
    EXPECT_EQ(split.csaLayers, 30U);
    EXPECT_EQ(split.hcaLayers, 31U);
}

TEST(WorkedNumbers, DeepSeekV4FlashByKindOfRow) {
    const Split split = splitOf(planOf(preset("deepseek-v4-flash"), "encode=f16", kMillion));
    EXPECT_EQ(split.csa, 5'637'144'576);
    EXPECT_EQ(split.hca, 167'772'160);
    EXPECT_EQ(split.windows, 5'636'096);
    EXPECT_EQ(split.index, 1'409'286'144);
    EXPECT_EQ(split.csaLayers, 21U);
    EXPECT_EQ(split.hcaLayers, 20U);
}

TEST(WorkedNumbers, DecodeStateOfCompressors) {
    const Plan flash = planOf(preset("deepseek-v4-flash"), "encode=f16", 1024);
    EXPECT_EQ(flash.stateBytes, 21U * (65'536 + 16'384) + 20U * 524'288);
    // as allocated a ring has room for the 64 tokens of a step besides
    EXPECT_EQ(flash.allocation.stateBytes, flash.stateBytes + 64 * (21U * 4 * 4 * (512 + 128) + 20U * 2 * 4 * 512));
    EXPECT_EQ(flash.layers[2].stateBytes, 65'536U + 16'384U);
    EXPECT_EQ(flash.layers[3].stateBytes, 524'288U);
    EXPECT_EQ(flash.layers[0].stateBytes, 0U);
}

// --- published ratios ---

std::uint64_t bytesOf(const char* name, const char* text) {
    return planOf(preset(name), text, kMillion).cacheBytes;
}

TEST(WorkedNumbers, MixedFormatsAsPublishedWithoutScales) {
    EXPECT_EQ(bytesOf("deepseek-v4-pro", "encode=deepseek-mixed(scales=omitted)"), 5'183'938'560);
    EXPECT_EQ(bytesOf("deepseek-v4-flash", "encode=deepseek-mixed(scales=omitted)"), 3'620'757'504);
    EXPECT_EQ(bytesOf("deepseek-v3.2", "encode=flashmla"), (656ULL + 132) * 61 * kMillion);
    EXPECT_NEAR(static_cast<double>(bytesOf("deepseek-v3.2", "encode=flashmla")) / kGiB, 46.94, 0.005);
    const Plan pro = planOf(preset("deepseek-v4-pro"), "encode=deepseek-mixed(scales=omitted)", kMillion);
    const Split split = splitOf(pro);
    EXPECT_NEAR(static_cast<double>(split.csa + split.hca + split.windows) / kGiB, 4.36, 0.005);
}

TEST(WorkedNumbers, MixedFormatsWithScales) {
    // rows of the cache: 30 · 262,144 + 31 · 8,192 + 61 · 128 and 30 · 262,144 index keys
    EXPECT_EQ(bytesOf("deepseek-v4-pro", "encode=deepseek-mixed"), 8'126'080ULL * 584 + 7'864'320ULL * 68);
    EXPECT_EQ(bytesOf("deepseek-v4-flash", "encode=deepseek-mixed"), 5'674'368ULL * 584 + 5'505'024ULL * 68);
    EXPECT_EQ(bytesOf("deepseek-v3.2", "encode=flashmla(scales=omitted)"), (640ULL + 128) * 61 * kMillion);
}

TEST(WorkedNumbers, RatiosToV32) {
    const auto ratio = [](const char* name, const char* text, const char* v32) {
        return 100.0 * static_cast<double>(bytesOf(name, text)) / static_cast<double>(bytesOf("deepseek-v3.2", v32));
    };
    EXPECT_NEAR(ratio("deepseek-v4-pro", "encode=deepseek-mixed(scales=omitted)", "encode=flashmla"), 10.3, 0.05);
    EXPECT_NEAR(ratio("deepseek-v4-flash", "encode=deepseek-mixed(scales=omitted)", "encode=flashmla"), 7.2, 0.05);
    EXPECT_NEAR(ratio("deepseek-v4-pro", "encode=deepseek-mixed", "encode=flashmla"), 10.5, 0.05);
    EXPECT_NEAR(ratio("deepseek-v4-flash", "encode=deepseek-mixed", "encode=flashmla"), 7.3, 0.05);
    EXPECT_NEAR(ratio("deepseek-v4-pro", "encode=f16", "encode=f16"), 11.5, 0.05);
    EXPECT_NEAR(ratio("deepseek-v4-flash", "encode=f16", "encode=f16"), 8.0, 0.05);
}

TEST(WorkedNumbers, NaiveMlaIs71TimesTheLatent) {
    const Plan v3 = planOf(preset("deepseek-v3"), "encode=f16", 1000);
    EXPECT_EQ(v3.mhaF16Bytes, 61ULL * 81'920 * 1000);
    EXPECT_NEAR(static_cast<double>(v3.mhaF16Bytes) / static_cast<double>(v3.cacheBytes), 71.1, 0.05);
}

// --- Gemma 4: cross-layer sharing ---

struct Sharing {
    const char* preset;
    std::uint32_t ownFull, ownWindowed;
    std::uint64_t perTokenFull, perTokenWindowed;
    bool shared;
    std::uint64_t bytes;
};

class GemmaRow : public testing::TestWithParam<Sharing> {};

TEST_P(GemmaRow, OwnLayersAndBytes) {
    const Sharing& row = GetParam();
    const model::Hparams h = row.shared ? preset(row.preset) : withoutSharing(preset(row.preset));
    const Plan plan = planOf(h, "encode=f16", k128);
    EXPECT_EQ(plan.cacheBytes, row.bytes);
    std::uint32_t full = 0;
    std::uint32_t windowed = 0;
    std::uint64_t windowedPerToken = 0;
    for (const LayerPlan& layer : plan.layers) {
        if (!layer.owns()) {
            EXPECT_EQ(layer.bytes, 0U);
            EXPECT_GT(layer.bytesRead, 0U);
            continue;
        }
        const StreamPlan& rows = layer.streams.front();
        rows.stream.window == 0 ? ++full : ++windowed;
        if (rows.stream.window != 0) windowedPerToken += rows.rowBytes;
    }
    EXPECT_EQ(full, row.ownFull);
    EXPECT_EQ(windowed, row.ownWindowed);
    EXPECT_EQ(plan.bytesPerToken, static_cast<double>(row.perTokenFull));
    EXPECT_EQ(windowedPerToken, row.perTokenWindowed);
}

INSTANTIATE_TEST_SUITE_P(Gemma4, GemmaRow,
                         testing::Values(Sharing{"gemma-4-e2b", 3, 12, 6'144, 12'288, true, 811'597'824},
                                         Sharing{"gemma-4-e2b", 7, 28, 14'336, 28'672, false, 1'893'728'256},
                                         Sharing{"gemma-4-e4b", 4, 20, 16'384, 40'960, true, 2'168'455'168},
                                         Sharing{"gemma-4-e4b", 7, 35, 28'672, 71'680, false, 3'794'796'544},
                                         Sharing{"gemma-4-12b", 8, 40, 16'384, 327'680, true, 2'483'027'968},
                                         Sharing{"gemma-4-26b-a4b", 5, 25, 20'480, 204'800, true, 2'894'069'760},
                                         Sharing{"gemma-4-31b", 10, 50, 81'920, 819'200, true, 11'576'279'040}));

TEST(WorkedNumbers, BorrowersReadTheLastOwnLayerOfTheirKind) {
    const Plan e2b = planOf(preset("gemma-4-e2b"), "encode=f16", 1024);
    for (const LayerPlan& layer : e2b.layers) {
        if (layer.layer < 15) continue;
        EXPECT_EQ(layer.source, layer.layer % 5 == 4 ? 14U : 13U) << layer.layer;
    }
    const Plan e4b = planOf(preset("gemma-4-e4b"), "encode=f16", 1024);
    for (const LayerPlan& layer : e4b.layers) {
        if (layer.layer < 24) continue;
        EXPECT_EQ(layer.source, layer.layer % 6 == 5 ? 23U : 22U) << layer.layer;
    }
}

TEST(WorkedNumbers, TheSavingOfSharingWithAndWithoutWindows) {
    // as often told: heads of 256 everywhere and no windows
    model::Hparams plain = withoutWindows(preset("gemma-4-e2b"));
    plain.keyDims.assign(plain.nLayers, 256);
    plain.valueDims.assign(plain.nLayers, 256);
    const std::uint64_t shared = planOf(plain, "encode=f16", k128).cacheBytes;
    const std::uint64_t alone = planOf(withoutSharing(plain), "encode=f16", k128).cacheBytes;
    EXPECT_EQ(alone - shared, 2'684'354'560);
    EXPECT_NEAR(static_cast<double>(alone) / 1e9, 4.70, 0.005);
    EXPECT_NEAR(static_cast<double>(shared) / 1e9, 2.01, 0.005);
    // as it is
    const model::Hparams real = preset("gemma-4-e2b");
    EXPECT_EQ(planOf(withoutSharing(real), "encode=f16", k128).cacheBytes - planOf(real, "encode=f16", k128).cacheBytes,
              1'082'130'432);
}

TEST(WorkedNumbers, Gemma3HasItsFullLayersWhereThePatternPutsThem) {
    const Plan plan = planOf(preset("gemma-3-1b"), "encode=f16", 32'768);
    std::vector<std::uint32_t> full;
    for (const LayerPlan& layer : plan.layers) {
        EXPECT_EQ(layer.streams.front().rowBytes, 1'024U);
        if (layer.streams.front().stream.window == 0) full.push_back(layer.layer);
    }
    EXPECT_THAT(full, testing::ElementsAre(5, 11, 17, 23));
    EXPECT_EQ(plan.cacheBytes, 1'024ULL * (4 * 32'768 + 22 * 512));
}

}  // namespace
}  // namespace kvscope::planner
