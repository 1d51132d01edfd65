// SPDX-License-Identifier: Apache-2.0
// Programs of the architectures besides llama, on two-layer models (architectures.md 3 to 8).
#include <gmock/gmock.h>

#include <cmath>

#include "engine/model/operations.h"
#include "tests/engine/model/program_text.h"
#include "tests/engine/model/tiny_model.h"

namespace kvscope {
namespace {

using model::MapKind;
using model::MapOp;
using model::Slot;
using test::build;
using test::kinds;
using test::TinyModel;
using testing::HasSubstr;

/// The n-th operation of a kind.
template <typename Op>
const Op& nth(const model::Program& program, std::size_t n) {
    for (const model::Operation& operation : program.operations) {
        if (const auto* found = std::get_if<Op>(&operation); found != nullptr && n-- == 0) return *found;
    }
    throw std::runtime_error("there is no such operation");
}

TinyModel experts(TinyModel tiny, const std::string& architecture) {
    tiny.keys[architecture + ".expert_count"] = 6U;
    tiny.keys[architecture + ".expert_used_count"] = 2U;
    for (const char* name : {"ffn_gate.weight", "ffn_up.weight", "ffn_down.weight"}) tiny.eraseFromLayers(name);
    tiny.addToLayers("ffn_gate_inp.weight", {16, 6});
    tiny.addToLayers("ffn_gate_exps.weight", {16, 24, 6});
    tiny.addToLayers("ffn_up_exps.weight", {16, 24, 6});
    tiny.addToLayers("ffn_down_exps.weight", {24, 16, 6});
    return tiny;
}

TEST(Mixtral, RoutesToExperts) {
    const auto program = build(experts({}, "llama"));
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPRRKAP NPTXY NPRRKAP NPTXY NP");
    EXPECT_THAT(program->warnings, testing::IsEmpty());
    const auto& route = nth<model::RouteOp>(*program, 0);
    EXPECT_EQ(route.gating, model::Gating::Softmax);
    EXPECT_TRUE(route.normalise);
    EXPECT_EQ(route.used, 2U);
    EXPECT_EQ(route.in.width, 6U);
    EXPECT_EQ(route.out.width, 4U);
    EXPECT_EQ(nth<model::ExpertGatedOp>(*program, 0).out.width, 48U);
    EXPECT_TRUE(nth<model::ExpertDownOp>(*program, 1).addTo);
}

TEST(Mixtral, BadCountsNameTheirKey) {
    for (const auto& [key, value] : {std::pair("llama.expert_used_count", 7U), std::pair("llama.expert_used_count", 0U),
                                     std::pair("llama.expert_count", 70000U), std::pair("llama.expert_group_count", 4U),
                                     std::pair("llama.expert_gating_func", 5U)}) {
        TinyModel tiny = experts({}, "llama");
        tiny.keys[key] = value;
        const auto program = build(tiny);
        ASSERT_FALSE(program) << key;
        EXPECT_EQ(program.error().kind, ErrorKind::BadFile);
        EXPECT_THAT(program.error().where, HasSubstr(key));
    }
}

TEST(Mixtral, FusedGateAndUp) {
    TinyModel tiny = experts({}, "llama");
    for (const char* name : {"ffn_gate_exps.weight", "ffn_up_exps.weight"}) tiny.eraseFromLayers(name);
    tiny.addToLayers("ffn_gate_up_exps.weight", {16, 48, 6});
    tiny.addToLayers("ffn_down_exps.scale", {6});
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_FALSE(nth<model::ExpertGatedOp>(*program, 0).up.present());
    EXPECT_TRUE(nth<model::RouteOp>(*program, 0).gain.present());
    EXPECT_EQ(program->used.size(), 3U + 2 * 10);
}

TEST(Blocks, GateAndUpOfTwoTypesAreTwoProducts) {
    TinyModel tiny;
    tiny.types["blk.0.ffn_up.weight"] = gguf::TensorType::F16;
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPRRKAP NPMP NPRRKAP NGP NP");
    const auto& map = nth<MapOp>(*program, 0);
    EXPECT_EQ(map.kind, MapKind::SiluMultiply);
    EXPECT_EQ(map.a.slot, Slot::FeedForward);
    EXPECT_EQ(map.b.slot, Slot::Free);
    EXPECT_EQ(program->width(Slot::Free), 24U);
}

TEST(Blocks, BiasesOfGateAndUpAreTwoProducts) {
    TinyModel tiny;
    tiny.tensors["blk.1.ffn_up.bias"] = {24};
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPRRKAP NGP NPRRKAP NPMP NP");
    EXPECT_TRUE(nth<model::ProductOp>(*program, 5).parts.at(1).bias.present());
}

TEST(Blocks, ScalesOfOneValueGoIntoTheProduct) {
    TinyModel tiny;
    for (const char* name : {"blk.0.attn_q.scale", "blk.0.ffn_gate.scale", "blk.1.ffn_down.scale", "output.scale"}) {
        tiny.tensors[name] = {1};
        tiny.values[name] = {0.25F};
    }
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPRRKAP NPMP NPRRKAP NGP NP");
    EXPECT_EQ(nth<model::ProductOp>(*program, 0).parts[0].scale, 0.25F);
    EXPECT_EQ(nth<model::ProductOp>(*program, 0).parts[1].scale, 1.0F);
    EXPECT_EQ(nth<model::ProductOp>(*program, 2).parts[0].scale, 0.25F);
    EXPECT_EQ(nth<model::ProductOp>(*program, 6).parts[0].scale, 0.25F);
    EXPECT_THAT(program->warnings, testing::IsEmpty());
    EXPECT_EQ(program->used.size(), tiny.tensors.size() - 4);  // the program itself holds the scales
}

TEST(Qwen2, RotatesHalvesAndHasBiases) {
    TinyModel tiny = TinyModel().renamed("qwen2");
    tiny.addToLayers("attn_q.bias", {16});
    tiny.addToLayers("attn_k.bias", {8});
    tiny.addToLayers("attn_v.bias", {8});
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPRRKAP NGP NPRRKAP NGP NP");
    EXPECT_EQ(nth<model::RopeOp>(*program, 0).pairing, model::RopePairing::Halves);
    EXPECT_TRUE(nth<model::ProductOp>(*program, 0).parts[2].bias.present());
    EXPECT_EQ(program->used.size(), tiny.tensors.size());
}

TEST(Qwen2, NeedsItsBiases) {
    TinyModel tiny = TinyModel().renamed("qwen2");
    tiny.addToLayers("attn_q.bias", {16});
    tiny.addToLayers("attn_k.bias", {8});
    const auto program = build(tiny);
    ASSERT_FALSE(program);
    EXPECT_THAT(program.error().text(), HasSubstr("blk.0.attn_v.bias"));
}

TEST(Qwen3, NormsHeadsBeforeTheRotation) {
    TinyModel tiny = TinyModel().renamed("qwen3");
    tiny.addToLayers("attn_q_norm.weight", {4});
    tiny.addToLayers("attn_k_norm.weight", {4});
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPNNRRKAP NGP NPNNRRKAP NGP NP");
    const auto& norm = nth<model::NormOp>(*program, 2);
    EXPECT_EQ(norm.groupWidth, 4U);
    EXPECT_EQ(norm.in, (model::View{Slot::Qkv, 16, 8}));
    EXPECT_EQ(norm.out, norm.in);
}

TEST(Qwen3Moe, RoutesToExperts) {
    TinyModel tiny = experts(TinyModel().renamed("qwen3moe"), "qwen3moe");
    tiny.addToLayers("attn_q_norm.weight", {4});
    tiny.addToLayers("attn_k_norm.weight", {4});
    tiny.keys.erase("qwen3moe.feed_forward_length");
    tiny.keys["qwen3moe.expert_feed_forward_length"] = 24U;
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPNNRRKAP NPTXY NPNNRRKAP NPTXY NP");
}

TinyModel phi3() {
    TinyModel tiny = TinyModel().renamed("phi3");
    for (const char* name : {"attn_q.weight", "attn_k.weight", "attn_v.weight", "ffn_gate.weight"}) {
        tiny.eraseFromLayers(name);
    }
    tiny.addToLayers("attn_qkv.weight", {16, 32});
    tiny.addToLayers("ffn_up.weight", {16, 48});
    return tiny;
}

TEST(Phi3, FusedMatricesAreReadByRows) {
    TinyModel tiny = phi3();
    tiny.keys["phi3.attention.sliding_window"] = 0U;
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPRRKAP NGP NPRRKAP NGP NP");
    EXPECT_THAT(program->warnings, testing::IsEmpty());
    const auto& gated = nth<model::GatedOp>(*program, 0);
    EXPECT_EQ(gated.gate.index, gated.up.index);
    EXPECT_EQ(gated.gateBegin, 0U);
    EXPECT_EQ(gated.upBegin, 24U);
    EXPECT_EQ(gated.out.width, 24U);
    tiny.keys["phi3.attention.sliding_window"] = 2047U;
    EXPECT_THAT(build(tiny)->warnings, testing::ElementsAre(HasSubstr("sliding_window = 2047")));
}

TEST(Phi3, TheContextChoosesTheFactors) {
    TinyModel tiny = phi3();
    tiny.keys["phi3.rope.scaling.type"] = std::string("longrope");
    tiny.keys["phi3.rope.scaling.original_context_length"] = 32U;
    tiny.tensors["rope_factors_long.weight"] = {2};
    tiny.values["rope_factors_long.weight"] = {1, 8};
    tiny.tensors["rope_factors_short.weight"] = {2};
    tiny.values["rope_factors_short.weight"] = {1, 2};
    EXPECT_DOUBLE_EQ(nth<model::RopeOp>(*build(tiny), 0).frequencies[1], 0.01 / 8);
    tiny.keys["phi3.context_length"] = 32U;
    EXPECT_DOUBLE_EQ(nth<model::RopeOp>(*build(tiny), 0).frequencies[1], 0.01 / 2);
}

TinyModel gemma2() {
    TinyModel tiny = TinyModel().renamed("gemma2");
    tiny.addToLayers("post_attention_norm.weight", {16});
    tiny.addToLayers("post_ffw_norm.weight", {16});
    tiny.tensors.erase("output.weight");
    tiny.keys["gemma2.attention.sliding_window"] = 8U;
    return tiny;
}

TEST(Gemma2, WindowsSoftCapsAndPostNorms) {
    const auto program = build(gemma2());
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPRRKAPNM NGPNM NPRRKAPNM NGPNM NPM");
    EXPECT_FLOAT_EQ(std::get<model::EmbedOp>(program->operations[0]).scale, 4.0F);
    const auto& attend = nth<model::AttendOp>(*program, 0);
    EXPECT_EQ(attend.reads[0].window, 8U);
    EXPECT_EQ(nth<model::AttendOp>(*program, 1).reads[0].window, 0U);
    EXPECT_FLOAT_EQ(attend.softcap, 50);
    EXPECT_FLOAT_EQ(attend.scale, 0.5F);
    EXPECT_EQ(nth<model::GatedOp>(*program, 0).activation, model::Activation::GeluTanh);
    const auto& cap = std::get<MapOp>(program->operations.back());
    EXPECT_EQ(cap.kind, MapKind::Softcap);
    EXPECT_FLOAT_EQ(cap.constant, 30);
    EXPECT_TRUE(cap.lastColumnsOnly);
    EXPECT_EQ(program->layout.streams[0].window, 8U);
}

TEST(Gemma2, KeysChangeCapsAndBase) {
    TinyModel tiny = gemma2();
    tiny.keys["gemma2.attn_logit_softcapping"] = 20.0F;
    tiny.keys["gemma2.final_logit_softcapping"] = 10.0F;
    tiny.keys["gemma2.rope.freq_base"] = 400.0F;
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_FLOAT_EQ(nth<model::AttendOp>(*program, 0).softcap, 20);
    EXPECT_FLOAT_EQ(std::get<MapOp>(program->operations.back()).constant, 10);
    EXPECT_DOUBLE_EQ(nth<model::RopeOp>(*program, 0).frequencies[1], 0.05);  // both kinds have the one base
    tiny.keys["gemma2.rope.freq_base_swa"] = 100.0F;
    EXPECT_DOUBLE_EQ(nth<model::RopeOp>(*build(tiny), 0).frequencies[1], 0.1);
    EXPECT_DOUBLE_EQ(nth<model::RopeOp>(*build(tiny), 2).frequencies[1], 0.05);
}

TEST(Gemma3, WindowedLayersHaveTheirOwnRotation) {
    TinyModel tiny = gemma2().renamed("gemma3");
    tiny.keys["gemma3.attention.sliding_window_pattern"] = 2U;
    tiny.keys["gemma3.rope.freq_base"] = 1e6F;
    tiny.keys["gemma3.rope.scaling.type"] = std::string("linear");
    tiny.keys["gemma3.rope.scaling.factor"] = 8.0F;
    tiny.addToLayers("attn_q_norm.weight", {4});
    tiny.addToLayers("attn_k_norm.weight", {4});
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPNNRRKAPNM NGPNM NPNNRRKAPNM NGPNM NP");
    EXPECT_DOUBLE_EQ(nth<model::RopeOp>(*program, 0).frequencies[0], 1);
    EXPECT_DOUBLE_EQ(nth<model::RopeOp>(*program, 0).frequencies[1], 0.01);
    EXPECT_DOUBLE_EQ(nth<model::RopeOp>(*program, 2).frequencies[0], 0.125);
    EXPECT_DOUBLE_EQ(nth<model::RopeOp>(*program, 2).frequencies[1], 0.000125);
    EXPECT_EQ(nth<model::AttendOp>(*program, 0).reads[0].window, 8U);
    EXPECT_EQ(nth<model::AttendOp>(*program, 0).softcap, 0);
    tiny.keys["gemma3.final_logit_softcapping"] = 25.0F;
    EXPECT_FLOAT_EQ(std::get<MapOp>(build(tiny)->operations.back()).constant, 25);
}

TEST(Programs, RowOwnersRotateAppendAndAttendInOneRun) {  // engines may fuse the four
    for (const TinyModel& tiny : {TinyModel(), gemma2(), phi3()}) {
        const auto program = build(tiny);
        ASSERT_TRUE(program) << program.error().text();
        for (std::size_t i = 0; i < program->operations.size(); ++i) {
            const auto* attend = std::get_if<model::AttendOp>(&program->operations[i]);
            if (attend == nullptr) continue;
            const auto& append = std::get<model::AppendOp>(program->operations[i - 1]);
            const auto& key = std::get<model::RopeOp>(program->operations[i - 2]);
            const auto& query = std::get<model::RopeOp>(program->operations[i - 3]);
            EXPECT_EQ(append.stream, attend->reads[0].stream);
            EXPECT_EQ(append.key, key.heads);
            EXPECT_EQ(query.heads, attend->query);
            EXPECT_EQ(query.frequencies, key.frequencies);
            EXPECT_EQ(query.magnitude, key.magnitude);
        }
    }
}

}  // namespace
}  // namespace kvscope
