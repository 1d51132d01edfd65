// SPDX-License-Identifier: Apache-2.0
#include "engine/planner/plan_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/planner/support.h"

namespace kvscope::planner {
namespace {

using testing::HasSubstr;

/// Bytes of a token of Llama 3.1 8B: 32 layers × 8 KV heads × 128 values, keys and values.
std::uint64_t llamaBytes(const char* text, std::uint64_t tokens = 1) {
    return planOf(preset("llama-3.1-8b"), text, tokens).cacheBytes;
}

TEST(PlanPolicy, SizesOfStorageTypes) {
    constexpr std::uint64_t kBlocks = 32ULL * 8 * (128 / 32) * 2;  // of 32 values
    EXPECT_EQ(llamaBytes("exact"), kBlocks * 128);
    EXPECT_EQ(llamaBytes("encode=f16"), kBlocks * 64);
    EXPECT_EQ(llamaBytes("encode=bf16"), kBlocks * 64);
    EXPECT_EQ(llamaBytes("encode=q8_0"), kBlocks * 34);
    EXPECT_EQ(llamaBytes("encode=q5_1"), kBlocks * 24);
    EXPECT_EQ(llamaBytes("encode=q5_0"), kBlocks * 22);
    EXPECT_EQ(llamaBytes("encode=q4_1"), kBlocks * 20);
    EXPECT_EQ(llamaBytes("encode=q4_0"), kBlocks * 18);
    EXPECT_EQ(llamaBytes("encode=iq4_nl"), kBlocks * 18);
    EXPECT_EQ(llamaBytes("encode=fp8"), kBlocks / 4 * 132);
    EXPECT_EQ(llamaBytes("encode=k:q8_0,v:q4_0"), kBlocks / 2 * (34 + 18));
    EXPECT_EQ(llamaBytes("encode=k:q8_0"), kBlocks / 2 * (34 + 64));
}

TEST(PlanPolicy, EqualBytesAsShareOfF16) {
    const auto percent = [](const char* text) {
        return 100.0 * static_cast<double>(llamaBytes(text)) / static_cast<double>(llamaBytes("encode=f16"));
    };
    EXPECT_NEAR(percent("encode=q8_0"), 53.1, 0.05);
    EXPECT_NEAR(percent("encode=fp8"), 51.6, 0.05);
    EXPECT_NEAR(percent("encode=q4_0"), 28.1, 0.05);
}

TEST(PlanPolicy, TextIsCanonicalAndRoundTrips) {
    EXPECT_EQ(policy("encode=f16").toText(), policy("encode=F16").toText());
    for (const char* text : {"exact", "encode=q8_0", "encode=k:q8_0,v:q4_0 keep=sinks(4)+window(256)",
                             "encode=deepseek-mixed", "encode=deepseek-mixed(scales=omitted)", "encode=flashmla"}) {
        const std::string once = policy(text).toText();
        EXPECT_EQ(policy(once).toText(), once) << text;
    }
    EXPECT_EQ(policy("encode=flashmla(scales=counted)").toText(), policy("encode=flashmla").toText());
    EXPECT_NE(policy("encode=flashmla(scales=omitted)").toText(), policy("encode=flashmla").toText());
}

TEST(PlanPolicy, TellsWhatThisVersionCannotRun) {
    EXPECT_TRUE(policy("encode=q8_0 keep=sinks(4)+window(256)").runs());
    EXPECT_FALSE(policy("encode=deepseek-mixed").runs());
    const auto planner =
        Planner::create({.hparams = preset("deepseek-v4-pro"), .policy = policy("encode=deepseek-mixed")});
    ASSERT_TRUE(planner);
    EXPECT_THAT(planner->remarks(), testing::Contains(HasSubstr("not run it")));
}

TEST(PlanPolicy, MixedFormatsAreForTheirArchitectures) {
    EXPECT_THAT(refusal(preset("llama-3.1-8b"), "encode=deepseek-mixed"), HasSubstr("deepseek-mixed"));
    EXPECT_THAT(refusal(preset("deepseek-v4-pro"), "encode=flashmla"), HasSubstr("flashmla"));
    EXPECT_THAT(refusal(preset("deepseek-v3.2"), "encode=deepseek-mixed"), HasSubstr("deepseek-mixed"));
    EXPECT_EQ(refusal(preset("deepseek-v3"), "encode=flashmla"), "");
    const Plan v3 = planOf(preset("deepseek-v3"), "encode=flashmla", 1);
    EXPECT_EQ(v3.cacheBytes, 656U * 61);
    EXPECT_EQ(v3.layers[0].streams[0].encoding, "flashmla(counted)");
}

TEST(PlanPolicy, RolesOfAnIndexedLatent) {
    const auto bytes = [](const char* text) { return planOf(preset("deepseek-v3.2"), text, 1).cacheBytes / 61; };
    EXPECT_EQ(bytes("exact"), (576U + 128) * 4);
    EXPECT_EQ(bytes("encode=q8_0"), 576U / 32 * 34 + 128 * 2);  // index keys unnamed: f16
    EXPECT_EQ(bytes("encode=latent:q8_0,index:q8_0"), (576U + 128) / 32 * 34);
    EXPECT_EQ(bytes("encode=latent:flashmla"), 656U + 132);
    EXPECT_EQ(bytes("encode=latent:flashmla,index:f16"), 656U + 132);  // f16 is what unnamed means
    EXPECT_EQ(bytes("encode=latent:flashmla,index:q8_0"), 656U + 128 / 32 * 34);
}

TEST(PlanPolicy, IllegalOnesAreRefusedWithTheReason) {
    EXPECT_THAT(refusal(preset("deepseek-v4-pro"), "keep=sinks(4)+window(256)"), HasSubstr("encode and share=prefix"));
    EXPECT_THAT(refusal(preset("deepseek-v3"), "encode=k:q8_0,v:q4_0"), HasSubstr("latent"));
    EXPECT_THAT(refusal(preset("llama-3.1-8b"), "encode=latent:q8_0"), HasSubstr("no latent"));
    EXPECT_THAT(refusal(preset("llama-3.1-8b"), "keep=sinks(4)"), HasSubstr("window(n)"));
    EXPECT_FALSE(PlanPolicy::parse("encode=q9_9"));
    EXPECT_FALSE(PlanPolicy::parse("keep=h2o(budget=4)"));
    // heads of 64 values are no whole number of tiles of 128
    EXPECT_THAT(refusal(preset("qwen2-0.5b"), "encode=fp8"), HasSubstr("blocks of 128"));
    EXPECT_EQ(refusal(preset("gemma-4-e2b"), "encode=q8_0"), "");
    EXPECT_EQ(refusal(preset("deepseek-v3"), "keep=sinks(4)+window(256)"), "");
}

// --- rows ---

/// The same by looking at every position.
std::uint64_t countVisible(const KeepBound& keep, std::uint64_t end, std::uint64_t newest, std::uint64_t native) {
    std::uint64_t rows = 0;
    for (std::uint64_t position = 0; position < end; ++position) {
        const std::uint64_t distance = newest - position;
        const bool inside = native == 0 || distance < native;
        const bool kept = keep.all || position < keep.sinks || distance < keep.window;
        rows += inside && kept ? 1 : 0;
    }
    return rows;
}

TEST(KeepBound, CountsWhatTheMasksLeave) {
    for (const bool all : {true, false}) {
        for (const std::uint64_t sinks : {0, 1, 4, 9}) {
            for (const std::uint64_t window : {1, 3, 8, 40}) {
                const KeepBound keep{all, sinks, window};
                for (const std::uint64_t native : {0, 1, 5, 16, 64}) {
                    for (std::uint64_t end = 0; end < 40; ++end) {
                        ASSERT_EQ(keep.visible(end, end, native), countVisible(keep, end, end, native))
                            << all << " " << sinks << " " << window << " " << native << " " << end;
                        if (end == 0) continue;
                        ASSERT_EQ(keep.visible(end, end - 1, native), countVisible(keep, end, end - 1, native))
                            << all << " " << sinks << " " << window << " " << native << " " << end;
                    }
                }
            }
        }
    }
}

TEST(PlanPolicy, KeepBoundsRows) {
    EXPECT_EQ(llamaBytes("encode=f16 keep=sinks(4)+window(256)", k128), 131'072ULL * 260);
    EXPECT_EQ(llamaBytes("encode=f16 keep=sinks(4)+window(256)", 100), 131'072ULL * 100);
    EXPECT_EQ(llamaBytes("encode=q8_0 keep=window(256)", k128), 131'072ULL / 64 * 34 * 256);
    const Plan bounded = planOf(preset("llama-3.1-8b"), "encode=f16 keep=window(256)", k128);
    EXPECT_EQ(bounded.bytesPerToken, 0);
}

TEST(PlanPolicy, KeepInsideANativeWindow) {
    // 4 full layers keep 4 + 256 rows; 22 windowed ones the newest 256 of 512, the sinks being out of their sight
    const Plan plan = planOf(preset("gemma-3-1b"), "encode=f16 keep=sinks(4)+window(256)", 8192);
    EXPECT_EQ(plan.cacheBytes, 1'024ULL * (4 * 260 + 22 * 256));
    const auto planner =
        Planner::create({.hparams = preset("gemma-3-1b"), .policy = policy("keep=sinks(4)+window(600)")});
    ASSERT_TRUE(planner);
    EXPECT_THAT(planner->remarks(), testing::Contains(HasSubstr("native window is 512")));
}

}  // namespace
}  // namespace kvscope::planner
