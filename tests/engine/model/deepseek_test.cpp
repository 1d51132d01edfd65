// SPDX-License-Identifier: Apache-2.0
// deepseek2 and deepseek4 (architectures.md 11 and 12) on the tiny models of tests/golden.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/engine/model/golden_variant.h"

namespace kvscope {
namespace {

using test::all;
using test::GoldenVariant;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Property;

TEST(Deepseek2, HeadsAttendToTheLatent) {
    const auto program = GoldenVariant("deepseek2_v3").build();
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_THAT(test::streamTexts(program->layout),
                ElementsAre("0 latent 1 x 40/0,32", "1 latent 1 x 40/0,32", "2 latent 1 x 40/0,32"));
    EXPECT_THAT(program->warnings, IsEmpty());
    EXPECT_EQ(program->hparams.cacheBytesPerTokenF16(), 3U * 40 * 2);
    EXPECT_EQ(program->hparams.cacheBytesPerTokenMhaF16(), 3U * 4 * (24 + 16) * 2);
    const auto attend = all<model::AttendOp>(*program)[0];
    EXPECT_EQ(attend.query.width, 4U * 40);
    EXPECT_EQ(attend.out.width, 4U * 32);
    const double m = 1 + 0.1 * std::log(4.0);  // mscale_all_dim 1
    EXPECT_FLOAT_EQ(attend.scale, static_cast<float>(m * m / std::sqrt(24.0)));
    for (const model::RopeOp& rope : all<model::RopeOp>(*program)) {
        EXPECT_EQ(rope.magnitude, 1.0F);
        EXPECT_EQ(rope.headDim, 40U);
        EXPECT_EQ(rope.begin, 32U);
        EXPECT_EQ(rope.frequencies.size(), 4U);
    }
}

TEST(Deepseek2, TheNaiveFormCachesEveryHeadAndSaysSo) {
    const auto program = GoldenVariant("deepseek2_v3_legacy").build();
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_THAT(test::streamTexts(program->layout),
                ElementsAre("0 attention 4 x 24/16", "1 attention 4 x 24/16", "2 attention 4 x 24/16"));
    EXPECT_THAT(program->warnings, ElementsAre(HasSubstr("runs in the naive form")));
    EXPECT_EQ(program->hparams.cacheBytesPerTokenF16(), program->hparams.cacheBytesPerTokenMhaF16());
    EXPECT_EQ(all<model::CopyHeadsOp>(*program).size(), 9U);
}

TEST(Deepseek2, YarnGoesIntoTheScale) {
    const double m = 1 + 0.1 * 0.707 * std::log(4.0);
    EXPECT_NEAR(static_cast<double>(all<model::AttendOp>(*GoldenVariant("deepseek2_lite").build())[0].scale),
                m * m / std::sqrt(24.0), 1e-7);
    EXPECT_FLOAT_EQ(all<model::AttendOp>(*GoldenVariant("deepseek2_v2").build())[0].scale, 1 / std::sqrt(24.0F));
    GoldenVariant plain("deepseek2_v3");
    plain.erasedKeys = {"deepseek2.rope.scaling.yarn_log_multiplier"};
    const auto program = plain.build();
    EXPECT_FLOAT_EQ(all<model::AttendOp>(*program)[0].scale, 1 / std::sqrt(24.0F));
    EXPECT_FLOAT_EQ(all<model::RopeOp>(*program)[0].magnitude, static_cast<float>(1 + 0.1 * std::log(4.0)));
}

TEST(Deepseek2, Routing) {
    const auto v3 = all<model::RouteOp>(*GoldenVariant("deepseek2_v3").build());
    ASSERT_EQ(v3.size(), 2U);  // the first layer is dense
    EXPECT_EQ(v3[0].gating, model::Gating::Sigmoid);
    EXPECT_TRUE(v3[0].bias.present() && v3[0].normalise);
    EXPECT_EQ(v3[0].groups, 2U);
    EXPECT_EQ(v3[0].groupsUsed, 1U);
    EXPECT_EQ(v3[0].scale, 1.5F);
    GoldenVariant variant("deepseek2_v2");
    const auto v2 = all<model::RouteOp>(*variant.build());
    EXPECT_EQ(v2[0].gating, model::Gating::Softmax);
    EXPECT_FALSE(v2[0].normalise);
    variant.keys["deepseek2.expert_group_count"] = 2U;
    variant.keys["deepseek2.expert_group_used_count"] = 1U;
    EXPECT_THAT(variant.build()->warnings, ElementsAre(HasSubstr("sum of two scores")));
}

TEST(Deepseek2, KeysThatDoNotFitAreNamed) {
    const std::string a = "deepseek2.attention.";
    for (const char* key : {"kv_lora_rank", "key_length_mla", "value_length_mla", "q_lora_rank"}) {
        GoldenVariant variant("deepseek2_v3");
        variant.erasedKeys = {a + key};
        const auto program = variant.build();
        ASSERT_FALSE(program) << key;
        EXPECT_THAT(program.error().where, HasSubstr(a + key));
    }
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::uint32_t>>{{a + "key_length_mla", 26},
                                                            {a + "key_length_mla", 8},
                                                            {a + "kv_lora_rank", 70000},
                                                            {"deepseek2.expert_shared_count", 1U << 30U}}) {
        GoldenVariant variant("deepseek2_v3");
        variant.keys[key] = value;
        const auto program = variant.build();
        ASSERT_FALSE(program) << key;
        EXPECT_EQ(program.error().where.empty(), false);
    }
}

TEST(Deepseek4, StreamsAndStates) {
    const auto program = GoldenVariant("deepseek4").build();
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_THAT(test::streamTexts(program->layout),
                ElementsAre("0 latent 1 x 32/0,32 w8", "1 latent 1 x 32/0,32 w8", "1 compressed 1 x 32/0,32 r4",
                            "1 index 1 x 64/0 r4", "2 latent 1 x 32/0,32 w8", "2 compressed 1 x 32/0,32 r128",
                            "3 latent 1 x 32/0,32 w8", "3 compressed 1 x 32/0,32 r4", "3 index 1 x 64/0 r4"));
    EXPECT_THAT(
        program->layout.states,
        ElementsAre(Property(&model::DecodeState::values, 8U * 2 * 64),    // 8 tokens, value and gate
                    Property(&model::DecodeState::values, 8U * 2 * 128),   // of the indexer
                    Property(&model::DecodeState::values, 128U * 2 * 32),  // no overlap
                    Property(&model::DecodeState::values, 8U * 2 * 64), Property(&model::DecodeState::values, 2048U)));
    EXPECT_EQ(program->layout.bytesF16(264), 2U * (4 * 8 * 32 + 66 * 32 + 66 * 64 + 2 * 32 + 66 * 32 + 66 * 64));
}

TEST(Deepseek4, LayersReadTheirWindowAndCompressedRows) {
    const auto program = GoldenVariant("deepseek4").build();
    ASSERT_TRUE(program);
    const auto attends = all<model::AttendOp>(*program);
    ASSERT_EQ(attends.size(), 4U);
    EXPECT_EQ(attends[0].reads.size(), 1U);
    ASSERT_EQ(attends[1].reads.size(), 2U);
    EXPECT_EQ(attends[1].reads[0].window, 8U);
    EXPECT_TRUE(attends[1].reads[1].selected);
    ASSERT_EQ(attends[2].reads.size(), 2U);
    EXPECT_FALSE(attends[2].reads[1].selected);
    EXPECT_TRUE(attends[3].sinks.present());
    EXPECT_FLOAT_EQ(attends[3].scale, 1 / std::sqrt(32.0F));
    const auto selects = all<model::SelectOp>(*program);
    ASSERT_EQ(selects.size(), 2U);
    EXPECT_EQ(selects[1].layer, 3U);
    EXPECT_EQ(selects[1].index, 8U);
    EXPECT_EQ(selects[1].stream, 7U);
    EXPECT_EQ(selects[1].topK, 3U);
    EXPECT_FLOAT_EQ(selects[1].scale, 1 / std::sqrt(8.0F * 64));
    const auto pools = all<model::CompressOp>(*program);
    ASSERT_EQ(pools.size(), 5U);
    EXPECT_EQ(pools[4].state, 4U);
    EXPECT_TRUE(pools[0].overlap && !pools[2].overlap);
    EXPECT_EQ(pools[2].value.width, 32U);
}

TEST(Deepseek4, RotationsByLayer) {
    const auto program = GoldenVariant("deepseek4_pro").build();  // no YaRN
    ASSERT_TRUE(program);
    for (const model::RopeOp& rope : all<model::RopeOp>(*program)) {
        EXPECT_DOUBLE_EQ(rope.frequencies[3], std::pow(2000.0, -6.0 / 8));
        EXPECT_EQ(rope.begin + 8, rope.headDim);
    }
    const auto flash = all<model::RopeOp>(*GoldenVariant("deepseek4").build());
    EXPECT_DOUBLE_EQ(flash[0].frequencies[3], std::pow(300.0, -6.0 / 8));  // the first layer has a window only
    EXPECT_TRUE(flash[2].inverse && !flash[1].inverse);
    EXPECT_EQ(flash[3].positionStep, 4U);
    for (const model::RopeOp& rope : flash) EXPECT_EQ(rope.magnitude, 1.0F);
}

TEST(Deepseek4, ExpertsByTokenThenByScore) {
    const auto program = GoldenVariant("deepseek4_pro").build();
    ASSERT_TRUE(program);
    const auto routes = all<model::RouteOp>(*program);
    EXPECT_TRUE(routes[0].table.present() && routes[1].table.present() && !routes[2].table.present());
    EXPECT_TRUE(!routes[0].bias.present() && routes[2].bias.present());
    EXPECT_EQ(routes[0].gating, model::Gating::SqrtSoftplus);
    EXPECT_EQ(routes[0].scale, 2.5F);
    EXPECT_EQ(all<model::ExpertGatedOp>(*program)[0].clamp, 2.0F);
    EXPECT_EQ(all<model::GatedOp>(*program)[0].clamp, 2.0F);
}

TEST(Deepseek4, ClampsByLayerAndOfTheSharedExpert) {
    GoldenVariant variant("deepseek4");
    variant.keys["deepseek4.swiglu_clamp_exp"] = std::vector<float>{1, 2, 3, 4, 5};
    auto program = variant.build();
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(all<model::ExpertGatedOp>(*program)[3].clamp, 4.0F);
    EXPECT_EQ(all<model::GatedOp>(*program)[3].clamp, 4.0F);
    variant.keys["deepseek4.swiglu_clamp_shexp"] = 0.0F;
    EXPECT_EQ(all<model::GatedOp>(*variant.build())[3].clamp, 0.0F);
    variant.keys["deepseek4.swiglu_clamp_exp"] = std::vector<float>{1, 2};
    EXPECT_THAT(variant.build().error().where, HasSubstr("swiglu_clamp_exp"));
}

TEST(Deepseek4, BlocksThatPredictFurtherTokensAreLeftOut) {
    GoldenVariant variant("deepseek4");
    variant.keys["deepseek4.nextn_predict_layers"] = 1U;
    EXPECT_EQ(variant.build()->hparams.nLayers, 4U);  // claimed, but not in the file
    variant.tensors["blk.3.nextn.eh_proj.weight"] = {64, 32};
    const auto program = variant.build();
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(program->hparams.nLayers, 3U);
    EXPECT_EQ(all<model::AttendOp>(*program).size(), 3U);
    EXPECT_THAT(program->warnings, ElementsAre(HasSubstr("not used")));
}

TEST(Deepseek4, KeysThatDoNotFitAreNamed) {
    const std::string a = "deepseek4.attention.";
    for (const std::string& key :
         {a + "compress_ratios", a + "sliding_window", a + "compress_rope_freq_base", a + "indexer.top_k",
          a + "q_lora_rank", a + "output_group_count", std::string("deepseek4.hyper_connection.epsilon"),
          std::string("deepseek4.expert_gating_func")}) {
        GoldenVariant variant("deepseek4");
        variant.erasedKeys = {key};
        const auto program = variant.build();
        ASSERT_FALSE(program) << key;
        EXPECT_THAT(program.error().where, HasSubstr(key));
    }
    for (const auto& [key, value] : std::vector<std::pair<std::string, GoldenVariant::Value>>{
             {a + "compress_ratios", std::vector<std::int32_t>{0, 4, 8, 4}},
             {a + "compress_ratios", std::vector<std::int32_t>{0, 4, 128}},
             {a + "head_count_kv", 2U},
             {a + "value_length", 16U},
             {a + "indexer.key_length", 4U},
             {a + "output_group_count", 3U},
             {"deepseek4.hyper_connection.count", 2U},
             {"deepseek4.expert_gating_func", 2U}}) {
        GoldenVariant variant("deepseek4");
        variant.keys[key] = value;
        const auto program = variant.build();
        ASSERT_FALSE(program) << key;
        EXPECT_THAT(program.error().where, HasSubstr(key));
    }
}

TEST(Deepseek4, TablesOfExpertsAreChecked) {
    GoldenVariant variant("deepseek4");
    variant.tensors["blk.0.ffn_gate_tid2eid.weight"] = {2, 128};  // F32
    EXPECT_THAT(variant.build().error().text(), HasSubstr("ffn_gate_tid2eid"));
}

}  // namespace
}  // namespace kvscope
