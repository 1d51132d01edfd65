// SPDX-License-Identifier: Apache-2.0
// Programs of the tiny models of tests/golden: which tensors they take, and what they say when one is missing.
#include <gmock/gmock.h>

#include "tests/engine/model/golden_variant.h"

namespace kvscope {
namespace {

using test::GoldenVariant;
using testing::HasSubstr;

/// The tensor that stands for the same weights in files without this one.
std::string inItsPlace(const std::string& name) {
    if (name == "blk.0.attn_k_b.weight") return "blk.0.attn_kv_b.weight";
    const std::size_t fused = name.find("gate_up_exps");
    return fused == std::string::npos ? name : name.substr(0, fused) + "gate_exps.weight";
}

class GoldenPrograms : public testing::TestWithParam<std::string> {};

TEST_P(GoldenPrograms, UseEveryTensor) {
    const GoldenVariant variant(GetParam());
    const auto program = variant.build();
    ASSERT_TRUE(program) << program.error().text();
    std::set<std::string> taken;
    for (const model::TensorRef ref : program->used) {
        taken.insert(variant.original().tensors()[static_cast<std::size_t>(ref.index)].name);
    }
    for (const gguf::TensorInfo& tensor : variant.original().tensors()) {
        if (tensor.name == "rope_freqs.weight") continue;  // held by the program itself
        EXPECT_TRUE(taken.contains(tensor.name)) << tensor.name;
    }
    EXPECT_THAT(program->warnings, testing::Each(HasSubstr("naive form")));
}

TEST_P(GoldenPrograms, NameMissingTensors) {
    GoldenVariant variant(GetParam());
    const bool required = GetParam().starts_with("deepseek4");
    for (const gguf::TensorInfo& tensor : variant.original().tensors()) {
        const std::string part = tensor.name.substr(tensor.name.find('.', 4) + 1);
        // what the architecture can do without
        if (tensor.name == "rope_freqs.weight" || (tensor.name == "output.weight" && !required)) continue;
        if (part == "exp_probs_b.bias" || part == "layer_output_scale.weight" || part == "ffn_down_exps.scale")
            continue;
        if (part == "attn_v.weight" && GetParam().starts_with("gemma4")) continue;
        if (part == "ffn_gate_inp.weight" && GetParam().starts_with("gemma4")) continue;
        variant.erased = {tensor.name};
        const auto program = variant.build();
        ASSERT_FALSE(program) << tensor.name;
        EXPECT_EQ(program.error().kind, ErrorKind::BadFile);
        EXPECT_THAT(program.error().text(), HasSubstr(inItsPlace(tensor.name)));
    }
}

TEST_P(GoldenPrograms, ViewsFitTheirSlotsAndAreAligned) {
    const auto program = GoldenVariant(GetParam()).build();
    ASSERT_TRUE(program);
    const auto check = [&](const model::View& view) {
        EXPECT_EQ(view.offset % 4, 0U);
        EXPECT_LE(view.offset + view.width, program->width(view.slot));
    };
    for (const auto& op : test::all<model::NormOp>(*program)) {
        check(op.in);
        check(op.out);
    }
    for (const auto& op : test::all<model::ProductOp>(*program)) {
        check(op.in);
        for (const model::ProductPart& part : op.parts) check(part.out);
        EXPECT_TRUE(op.groups == 1 || (op.inStep % 4 == 0 && op.outStep % 4 == 0));
    }
    for (const auto& op : test::all<model::MapOp>(*program)) {
        check(op.a);
        check(op.b);
        check(op.out);
    }
    for (const auto& op : test::all<model::StreamMixOp>(*program)) {
        check(op.in);
        check(op.out);
        check(op.addend);
        EXPECT_NE(op.in.slot, op.out.slot);
    }
    for (const auto& op : test::all<model::CopyHeadsOp>(*program)) {
        check(op.in);
        check(op.out);
        EXPECT_GE(op.in.width, (op.heads - 1) * op.inStep + op.width);
        EXPECT_GE(op.out.width, (op.heads - 1) * op.outStep + op.width);
    }
    for (const auto& op : test::all<model::AttendOp>(*program)) {
        check(op.query);
        check(op.out);
        for (const model::StreamRead& read : op.reads) {
            const model::CacheStream& stream = program->layout.streams.at(read.stream);
            EXPECT_EQ(op.query.width, op.heads * stream.keyDim);
            EXPECT_EQ(op.out.width, op.heads * std::max(stream.valueDim, stream.sharedValue));
            EXPECT_EQ(stream.layer, program->layout.source[op.layer]);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenPrograms,
                         testing::Values("gemma3n", "gemma4_small", "gemma4_shared", "gemma4_ple", "gemma4_large",
                                         "gemma4_moe", "gemma4_moe_split", "deepseek2_v3", "deepseek2_v3_legacy",
                                         "deepseek2_v2", "deepseek2_lite", "deepseek2_lite_legacy", "deepseek4",
                                         "deepseek4_pro"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace kvscope
