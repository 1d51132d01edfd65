// SPDX-License-Identifier: Apache-2.0
// The exact reference against logits of an independent NumPy implementation, on tiny random models.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "engine/reference/attention.h"
#include "engine/reference/forward.h"
#include "tests/support/golden.h"
#include "tests/support/shared_files.h"

namespace kvscope {
namespace {

std::vector<std::int32_t> goldenTokens() {
    std::vector<std::int32_t> tokens;
    for (std::int32_t i = 0; i < 24; ++i) tokens.push_back((7 * i * i + 11 * i + 3) % 96);
    return tokens;
}

reference::Forward openForward(const std::string& name) {
    auto file = gguf::File::open(test::goldenFile(name + ".gguf"));
    if (!file) throw std::runtime_error(file.error().text());
    auto program = model::buildProgram(*file);
    if (!program) throw std::runtime_error(program.error().text());
    EXPECT_THAT(program->warnings, testing::Each(testing::HasSubstr("rope_factors_short")));
    auto forward = reference::Forward::create(*file, *program);
    if (!forward) throw std::runtime_error(forward.error().text());
    return std::move(*forward);
}

class LlamaGolden : public testing::TestWithParam<std::string> {};

TEST_P(LlamaGolden, AgreesWithNumPy) {
    reference::Forward forward = openForward(GetParam());
    const auto output = forward.run(goldenTokens());
    ASSERT_TRUE(output);
    const std::vector<float> expected = test::readFloats(test::goldenFile(GetParam() + ".logits"));
    ASSERT_EQ(output->logits.size(), expected.size());
    for (std::size_t row = 0; row < 24; ++row) {
        const auto got = std::span(output->logits).subspan(row * 96, 96);
        const auto want = std::span(expected).subspan(row * 96, 96);
        EXPECT_LT(reference::relativeL2(got, want), 1e-6) << "position " << row;
    }
}

TEST_P(LlamaGolden, ChunksGiveTheSameLogits) {
    const std::vector<std::int32_t> tokens = goldenTokens();
    const std::vector<float> expected = test::readFloats(test::goldenFile(GetParam() + ".logits"));
    reference::Forward forward = openForward(GetParam());
    std::size_t begin = 0;
    for (const std::size_t count : {1U, 7U, 1U, 15U}) {
        const auto output = forward.run(std::span(tokens).subspan(begin, count), {.allLogits = false});
        ASSERT_TRUE(output);
        ASSERT_EQ(output->logits.size(), 96U);
        begin += count;
        EXPECT_LT(reference::relativeL2(output->logits, std::span(expected).subspan((begin - 1) * 96, 96)), 1e-6);
    }
    forward.truncate(5);
    EXPECT_EQ(forward.length(), 5U);
    const auto again = forward.run(std::span(tokens).subspan(5, 1));
    ASSERT_TRUE(again);
    EXPECT_LT(reference::relativeL2(again->logits, std::span(expected).subspan(5 * 96, 96)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Models, LlamaGolden,
                         testing::Values("gqa_f32_rope_freqs", "mha_f32_biases_linear", "mqa_f16",
                                         "gqa_bf16_fused_yarn", "gqa_q8_0_arrays", "gqa_q4_0_yarn_log",
                                         "gqa_q4_1_longrope", "gqa_q5_0", "gqa_q5_1", "gqa_q6_k"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace kvscope
