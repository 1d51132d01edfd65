// SPDX-License-Identifier: Apache-2.0
// gemma4 and gemma3n (architectures.md 9 and 10) on the tiny models of tests/golden.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/engine/model/golden_variant.h"

namespace kvscope {
namespace {

using model::MapKind;
using test::all;
using test::GoldenVariant;
using testing::ElementsAre;
using testing::HasSubstr;

std::size_t appends(const model::Program& program) {
    return all<model::AppendOp>(program).size();
}

TEST(Gemma4, TrailingLayersReadTheLastOwnLayerOfTheirKind) {
    const auto program = GoldenVariant("gemma4_small").build();
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_THAT(test::streamTexts(program->layout),
                ElementsAre("0 attention 1 x 16/16 w8", "1 attention 1 x 16/16 w8", "2 attention 1 x 16/16 w8",
                            "3 attention 1 x 16/16 w8", "4 attention 1 x 32/32"));
    EXPECT_THAT(program->layout.source, ElementsAre(0, 1, 2, 3, 4, 3, 3, 3, 3, 4));
    EXPECT_EQ(appends(*program), 5U);
    const auto attends = all<model::AttendOp>(*program);
    ASSERT_EQ(attends.size(), 10U);
    EXPECT_EQ(attends[5].reads[0].stream, 3U);
    EXPECT_EQ(attends[5].reads[0].window, 8U);
    EXPECT_EQ(attends[9].reads[0].stream, 4U);
    EXPECT_EQ(attends[9].reads[0].window, 0U);
    EXPECT_EQ(attends[9].out.width, 4U * 32);
    EXPECT_EQ(attends[0].scale, 1.0F);
    EXPECT_EQ(program->hparams.cacheBytesPerTokenF16(), (4U * 32 + 64) * 2);
    EXPECT_EQ(program->layout.bytesF16(100), 4U * 8 * 32 * 2 + 100 * 64 * 2);
}

TEST(Gemma4, KvHeadsDifferByLayer) {
    const auto program = GoldenVariant("gemma4_large").build();
    ASSERT_TRUE(program);
    EXPECT_THAT(test::streamTexts(program->layout),
                ElementsAre("0 attention 2 x 16/16 w8", "1 attention 2 x 16/16 w8", "2 attention 2 x 16/16 w8",
                            "3 attention 2 x 16/16 w8", "4 attention 2 x 16/16 w8", "5 attention 1 x 32/32"));
}

TEST(Gemma4, ValuesOfFullLayersComeFromTheKeyProjectionBeforeItsNorm) {
    const auto program = GoldenVariant("gemma4_large").build();
    ASSERT_TRUE(program);
    const model::View value = all<model::AppendOp>(*program)[5].value;
    const model::View key = all<model::AppendOp>(*program)[5].key;
    std::vector<std::string> order;
    for (const model::NormOp& norm : all<model::NormOp>(*program)) {
        if (norm.out == value && norm.in == key && !norm.gain.present()) order.emplace_back("value from key");
        if (norm.out == key && norm.in == key && norm.gain.present()) order.emplace_back("key");
    }
    EXPECT_THAT(order, ElementsAre("value from key", "key"));
}

TEST(Gemma4, FullLayersRotateAQuarterOfTheirPairs) {
    const auto program = GoldenVariant("gemma4_small").build();
    ASSERT_TRUE(program);
    const auto ropes = all<model::RopeOp>(*program);
    const auto& windowed = ropes[0].frequencies;
    ASSERT_EQ(windowed.size(), 8U);
    EXPECT_DOUBLE_EQ(windowed[7], std::pow(10000.0, -14.0 / 16));
    const auto& full = ropes[8].frequencies;
    ASSERT_EQ(full.size(), 16U);
    EXPECT_EQ(ropes[8].pairing, model::RopePairing::Halves);
    EXPECT_DOUBLE_EQ(full[3], std::pow(1e6, -6.0 / 32));
    EXPECT_LT(full[4], 1e-29);
}

TEST(Gemma4, TheCapIs30WithoutItsKey) {
    GoldenVariant variant("gemma4_large");
    EXPECT_EQ(std::get<model::MapOp>(variant.build()->operations.back()).constant, 4.0F);
    variant.erasedKeys = {"gemma4.final_logit_softcapping"};
    const auto program = variant.build();
    EXPECT_EQ(std::get<model::MapOp>(program->operations.back()).kind, MapKind::Softcap);
    EXPECT_EQ(std::get<model::MapOp>(program->operations.back()).constant, 30.0F);
    variant.keys["gemma4.final_logit_softcapping"] = 0.0F;
    EXPECT_TRUE(std::holds_alternative<model::ProductOp>(variant.build()->operations.back()));
}

TEST(Gemma4, RouterAndExpertsStandBesideTheDensePart) {
    const auto program = GoldenVariant("gemma4_moe").build();
    ASSERT_TRUE(program);
    const auto route = all<model::RouteOp>(*program).at(0);
    EXPECT_EQ(route.gating, model::Gating::Softmax);
    EXPECT_TRUE(route.normalise);
    EXPECT_TRUE(route.gain.present());
    EXPECT_EQ(all<model::ExpertGatedOp>(*program)[0].activation, model::Activation::GeluTanh);
    EXPECT_FALSE(all<model::ExpertGatedOp>(*program)[0].up.present());
    for (const auto& product : all<model::ProductOp>(*program)) {
        if (product.parts[0].out == route.in) {
            EXPECT_FLOAT_EQ(product.parts[0].scale, 1 / std::sqrt(32.0F));
        }
    }
}

TEST(Gemma4, UnusedRowsOfBorrowersAndSuppressedTokensAreSaid) {
    GoldenVariant variant("gemma4_small");
    variant.tensors["blk.7.attn_k.weight"] = {32, 16};
    variant.keys["tokenizer.ggml.suppress_tokens"] = std::vector<std::int32_t>{3};
    const auto program = variant.build();
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_THAT(program->warnings, ElementsAre(HasSubstr("suppress_tokens"), HasSubstr("blk.7.attn_k.weight")));
}

TEST(Gemma4, KeysThatDoNotFitAreNamed) {
    const std::string a = "gemma4.attention.";
    for (const char* key : {"sliding_window", "sliding_window_pattern"}) {
        GoldenVariant variant("gemma4_small");
        variant.erasedKeys = {a + key};
        const auto program = variant.build();
        ASSERT_FALSE(program);
        EXPECT_THAT(program.error().where, HasSubstr(a + key));
    }
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::uint32_t>>{{a + "value_length_swa", 20},
                                                            {a + "value_length", 16},
                                                            {a + "shared_kv_layers", 10},
                                                            {a + "shared_kv_layers", 6},
                                                            {"gemma4.embedding_length_per_layer_input", 6},
                                                            {"gemma4.rope.dimension_count_swa", 20}}) {
        GoldenVariant variant("gemma4_small");
        variant.keys[key] = value;
        const auto program = variant.build();
        ASSERT_FALSE(program) << key;
        EXPECT_THAT(program.error().where, HasSubstr(key));
    }
}

TEST(Gemma3n, TrailingLayersReadTheLastOwnLayerOfTheirKind) {
    const auto program = GoldenVariant("gemma3n").build();
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_THAT(test::streamTexts(program->layout),
                ElementsAre("0 attention 2 x 16/16 w8", "1 attention 2 x 16/16 w8", "2 attention 2 x 16/16 w8",
                            "3 attention 2 x 16/16 w8", "4 attention 2 x 16/16"));
    EXPECT_THAT(program->layout.source, ElementsAre(0, 1, 2, 3, 4, 3, 3, 3, 3, 4));
    EXPECT_EQ(appends(*program), 5U);
}

TEST(Gemma3n, StreamsArePredictedAndCorrectedInEachLayer) {
    const auto program = GoldenVariant("gemma3n").build();
    ASSERT_TRUE(program);
    const auto mixes = all<model::StreamMixOp>(*program);
    ASSERT_EQ(mixes.size(), 20U);
    EXPECT_TRUE(mixes[0].identity && mixes[0].useMatrix);
    EXPECT_EQ(mixes[0].rowStep, 4U);
    EXPECT_EQ(mixes[0].addend.width, 0U);
    EXPECT_TRUE(mixes[1].identity && !mixes[1].useMatrix);
    EXPECT_EQ(mixes[1].addBias, 1.0F);
    EXPECT_EQ(mixes[1].in, mixes[0].out);
    EXPECT_EQ(mixes[2].in, mixes[1].out);
    EXPECT_EQ(all<model::MatchNormOp>(*program).size(), 6U);
}

TEST(Gemma3n, SparsityByKeyOrInTheFirstTenLayers) {
    GoldenVariant variant("gemma3n");
    const auto some = all<model::SparseOp>(*variant.build());  // layers 0 to 3, 5 and 6
    ASSERT_EQ(some.size(), 6U);
    EXPECT_FLOAT_EQ(some[0].multiplier, 1.2815516F);
    EXPECT_EQ(some[4].multiplier, 0.0F);
    variant.erasedKeys = {"gemma3n.activation_sparsity_scale"};
    const auto usual = all<model::SparseOp>(*variant.build());
    ASSERT_EQ(usual.size(), 10U);
    EXPECT_FLOAT_EQ(usual[9].multiplier, 1.6448534F);
}

TEST(Gemma3n, KeysThatDoNotFitAreNamed) {
    const std::string a = "gemma3n.";
    for (const auto& [key, value] : std::vector<std::pair<std::string, GoldenVariant::Value>>{
             {a + "altup.num_inputs", 1U},
             {a + "altup.num_inputs", 17U},
             {a + "altup.active_idx", 4U},
             {a + "attention.shared_kv_layers", 5.5F},
             {a + "activation_sparsity_scale", std::vector<float>{1, 1}},
             {a + "embedding_length_per_layer_input", 7U}}) {
        GoldenVariant variant("gemma3n");
        variant.keys[key] = value;
        const auto program = variant.build();
        ASSERT_FALSE(program) << key;
        EXPECT_THAT(program.error().where, HasSubstr(key));
    }
}

}  // namespace
}  // namespace kvscope
