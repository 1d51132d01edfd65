// SPDX-License-Identifier: Apache-2.0
// The exact reference against logits of transformers, on tiny random models of every architecture (models.txt).
#include <gmock/gmock.h>

#include <algorithm>
#include <stdexcept>

#include "engine/model/registry.h"
#include "engine/reference/attention.h"
#include "engine/reference/forward.h"
#include "tests/support/golden.h"
#include "tests/support/golden_index.h"
#include "tests/support/shared_files.h"

namespace kvscope {
namespace {

class ArchitectureGolden : public testing::TestWithParam<test::GoldenModel> {
  protected:
    void SetUp() override {
        const test::GoldenModel& golden = GetParam();
        if (model::findArchitecture(golden.architecture) == nullptr) {
            GTEST_SKIP() << "the architecture " << golden.architecture << " is not built in";
        }
        auto file = gguf::File::open(test::goldenFile(golden.name + ".gguf"));
        ASSERT_TRUE(file) << file.error().text();
        auto program = model::buildProgram(*file);
        ASSERT_TRUE(program) << program.error().text();
        auto created = reference::Forward::create(*file, *program);
        ASSERT_TRUE(created) << created.error().text();
        forward.emplace(std::move(*created));
        expected = test::readFloats(test::goldenFile(golden.name + ".logits"));
        ASSERT_EQ(expected.size(), golden.tokens.size() * golden.vocab);
    }

    /// Runs tokens begin … begin + count - 1 and compares the logits at each position.
    void expectLogits(std::size_t begin, std::size_t count) {
        const test::GoldenModel& golden = GetParam();
        const auto output = forward->run(std::span(golden.tokens).subspan(begin, count));
        ASSERT_TRUE(output) << output.error().text();
        ASSERT_EQ(output->logits.size(), count * golden.vocab);
        for (std::size_t i = 0; i < count; ++i) {
            const auto got = std::span(output->logits).subspan(i * golden.vocab, golden.vocab);
            const auto want = std::span(expected).subspan((begin + i) * golden.vocab, golden.vocab);
            const double error = reference::relativeL2(got, want);
            EXPECT_LT(error, golden.tolerance) << "position " << begin + i;
            worst = std::max(worst, error);
        }
    }

    std::optional<reference::Forward> forward;
    std::vector<float> expected;
    double worst = 0;
};

TEST_P(ArchitectureGolden, PrefillAgreesWithTransformers) {
    expectLogits(0, GetParam().tokens.size());
    RecordProperty("worst", std::to_string(worst));
    EXPECT_LT(worst, 1e-3);
}

TEST_P(ArchitectureGolden, ChunksAndStepsAgreeWithTransformers) {  // cut inside windows and inside blocks of tokens
    const std::size_t tokens = GetParam().tokens.size();
    std::size_t begin = 0;
    for (std::size_t turn = 0; begin < tokens; ++turn) {
        constexpr std::size_t kChunks[] = {1, 6, 1, 1, 13, 2};
        const std::size_t count = std::min(kChunks[turn % std::size(kChunks)], tokens - begin);
        expectLogits(begin, count);
        begin += count;
    }
}

TEST_P(ArchitectureGolden, TruncationBringsEverythingBack) {
    const std::vector<std::int32_t>& tokens = GetParam().tokens;
    for (const std::size_t length : {tokens.size() - 1, tokens.size() / 2, std::size_t{5}}) {
        std::vector<std::int32_t> other(tokens.size() - length, 1);
        expectLogits(forward->length(), length - forward->length());
        ASSERT_TRUE(forward->run(other));
        forward->truncate(length);
        expectLogits(length, std::min<std::size_t>(4, tokens.size() - length));
        forward->truncate(0);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, ArchitectureGolden, testing::ValuesIn(test::goldenModels()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace kvscope
