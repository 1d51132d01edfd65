// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <limits>

#include "engine/model/operations.h"
#include "engine/model/registry.h"
#include "tests/engine/model/program_text.h"
#include "tests/engine/model/tiny_model.h"

namespace kvscope {
namespace {

using test::build;
using test::kinds;
using test::TinyModel;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Llama, OperationsInOrder) {
    const TinyModel tiny;
    const gguf::File file = tiny.open();
    const auto program = model::buildProgram(file);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_EQ(kinds(*program), "E NPRRKAP NGP NPRRKAP NGP NP");
    EXPECT_THAT(program->warnings, testing::IsEmpty());
    EXPECT_EQ(program->used.size(), file.tensors().size());

    const auto& product = std::get<model::ProductOp>(program->operations[2]);
    ASSERT_EQ(product.parts.size(), 3U);
    EXPECT_EQ(file.tensors()[static_cast<std::size_t>(product.parts[1].weight.index)].name, "blk.0.attn_k.weight");
    EXPECT_EQ(product.parts[1].out, (model::View{model::Slot::Qkv, 16, 8}));
    EXPECT_EQ(product.parts[2].out, (model::View{model::Slot::Qkv, 24, 8}));
    EXPECT_EQ(product.parts[2].rowCount, 8U);
    EXPECT_FALSE(product.parts[1].bias.present());
    EXPECT_FALSE(product.addTo);
    const auto& rope = std::get<model::RopeOp>(program->operations[3]);
    EXPECT_EQ(rope.pairing, model::RopePairing::Adjacent);
    EXPECT_THAT(rope.frequencies, ElementsAre(1, testing::DoubleNear(0.01, 1e-15)));
    EXPECT_EQ(rope.heads, product.parts[0].out);
    EXPECT_EQ(std::get<model::RopeOp>(program->operations[4]).heads, product.parts[1].out);
    const auto& append = std::get<model::AppendOp>(program->operations[15]);
    EXPECT_EQ(append.stream, 1U);
    EXPECT_EQ(append.value, product.parts[2].out);
    const auto& attend = std::get<model::AttendOp>(program->operations[16]);
    EXPECT_EQ(attend.layer, 1U);
    ASSERT_EQ(attend.reads.size(), 1U);
    EXPECT_EQ(attend.reads[0].stream, 1U);
    EXPECT_EQ(attend.reads[0].window, 0U);
    EXPECT_FLOAT_EQ(attend.scale, 0.5F);
    EXPECT_TRUE(std::get<model::ProductOp>(program->operations[7]).addTo);
    const auto& head = std::get<model::ProductOp>(program->operations.back());
    EXPECT_TRUE(head.lastColumnsOnly);
    EXPECT_EQ(file.tensors()[static_cast<std::size_t>(head.parts[0].weight.index)].name, "output.weight");
}

TEST(Llama, SlotWidths) {
    const auto program = build(TinyModel());
    ASSERT_TRUE(program);
    const auto width = [&](model::Slot slot) { return program->width(slot); };
    EXPECT_EQ(width(model::Slot::Hidden), 16U);
    EXPECT_EQ(width(model::Slot::Normed), 16U);
    EXPECT_EQ(width(model::Slot::Qkv), 32U);
    EXPECT_EQ(width(model::Slot::Attention), 16U);
    EXPECT_EQ(width(model::Slot::FeedForward), 24U);
    EXPECT_EQ(width(model::Slot::Logits), 10U);
}

TEST(Llama, TiedOutputAndBiases) {
    TinyModel tiny;
    tiny.tensors.erase("output.weight");
    tiny.tensors["blk.1.attn_k.bias"] = {8};
    const gguf::File file = tiny.open();
    const auto program = model::buildProgram(file);
    ASSERT_TRUE(program) << program.error().text();
    const auto name = [&](model::TensorRef ref) { return file.tensors()[static_cast<std::size_t>(ref.index)].name; };
    EXPECT_EQ(name(std::get<model::ProductOp>(program->operations.back()).parts[0].weight), "token_embd.weight");
    EXPECT_EQ(name(std::get<model::ProductOp>(program->operations[12]).parts[1].bias), "blk.1.attn_k.bias");
    EXPECT_EQ(program->used.size(), file.tensors().size());  // the tied table once
}

TEST(Llama, FusedProjectionIsSplitByRows) {
    TinyModel tiny;
    for (const char* part : {"q", "k", "v"}) tiny.tensors.erase(fmt::format("blk.0.attn_{}.weight", part));
    tiny.tensors["blk.0.attn_qkv.weight"] = {16, 32};
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    const auto& parts = std::get<model::ProductOp>(program->operations[2]).parts;
    ASSERT_EQ(parts.size(), 3U);
    EXPECT_EQ(parts[1].rowBegin, 16U);
    EXPECT_EQ(parts[1].rowCount, 8U);
    EXPECT_EQ(parts[2].rowBegin, 24U);
    EXPECT_EQ(parts[2].out, (model::View{model::Slot::Qkv, 24, 8}));
}

TEST(Llama, RopeFactorsAreReadAndChecked) {
    TinyModel tiny;
    tiny.tensors["rope_freqs.weight"] = {2};
    tiny.values["rope_freqs.weight"] = {1, 4};
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_DOUBLE_EQ(std::get<model::RopeOp>(program->operations[3]).frequencies[1], 0.0025);
    EXPECT_THAT(program->warnings, testing::IsEmpty());
    for (const float bad : {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN()}) {
        tiny.values["rope_freqs.weight"] = {1, bad};
        const auto refused = build(tiny);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().text(), HasSubstr("rope_freqs.weight"));
    }
}

TEST(Llama, LongRopeNeedsItsFactors) {
    TinyModel tiny;
    tiny.keys["llama.rope.scaling.type"] = std::string("longrope");
    tiny.keys["llama.rope.scaling.original_context_length"] = 32U;
    const auto missing = build(tiny);
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().text(), HasSubstr("rope_factors_long.weight"));
}

TEST(Llama, EveryMissingTensorIsNamed) {
    for (const auto& [name, dims] : TinyModel().tensors) {
        if (name == "output.weight") continue;
        TinyModel tiny;
        tiny.tensors.erase(name);
        const auto program = build(tiny);
        ASSERT_FALSE(program) << name;
        EXPECT_EQ(program.error().kind, ErrorKind::BadFile);
        EXPECT_THAT(program.error().text(), HasSubstr(name));
    }
}

TEST(Llama, EveryWrongShapeIsNamed) {
    for (const auto& [name, dims] : TinyModel().tensors) {
        TinyModel tiny;
        tiny.keys["llama.vocab_size"] = 10U;
        tiny.tensors[name].back() += 1;
        const auto program = build(tiny);
        ASSERT_FALSE(program) << name;
        EXPECT_EQ(program.error().kind, ErrorKind::BadFile);
        EXPECT_THAT(program.error().text(), HasSubstr(name));
    }
}

TEST(Llama, UnusedTensorsAreWarnings) {
    TinyModel tiny;
    tiny.tensors["blk.0.attn_rot_embd.weight"] = {2};
    const auto program = build(tiny);
    ASSERT_TRUE(program) << program.error().text();
    EXPECT_THAT(program->warnings, ElementsAre(HasSubstr("blk.0.attn_rot_embd.weight")));
    tiny.keys["llama.attention.sliding_window"] = 8U;
    EXPECT_THAT(build(tiny)->warnings, ElementsAre(HasSubstr("sliding_window = 8"), testing::_));
}

TEST(Llama, WhatWouldChangeTheResultIsRefused) {
    for (const char* name : {"output_norm.bias", "token_embd.bias", "blk.1.attn_q.scale"}) {
        TinyModel tiny;
        tiny.tensors[name] = {16, 2};
        const auto program = build(tiny);
        ASSERT_FALSE(program) << name;
        EXPECT_EQ(program.error().kind, ErrorKind::Unsupported) << name;
    }
}

TEST(Llama, NeedsEpsilonAndFeedForward) {
    for (const char* key : {"llama.attention.layer_norm_rms_epsilon", "llama.feed_forward_length"}) {
        TinyModel tiny;
        tiny.keys.erase(key);
        const auto program = build(tiny);
        ASSERT_FALSE(program);
        EXPECT_THAT(program.error().where, HasSubstr(key));
    }
}

TEST(Registry, UnknownArchitectureListsTheKnown) {
    TinyModel tiny;
    tiny.keys["general.architecture"] = std::string("mamba");
    const auto program = build(tiny);
    ASSERT_FALSE(program);
    EXPECT_EQ(program.error().kind, ErrorKind::Unsupported);
    EXPECT_THAT(program.error().message, testing::AllOf(HasSubstr("\"mamba\""), HasSubstr("llama")));
    tiny.keys.erase("general.architecture");
    EXPECT_EQ(build(tiny).error().kind, ErrorKind::BadFile);
}

}  // namespace
}  // namespace kvscope
