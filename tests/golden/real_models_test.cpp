// SPDX-License-Identifier: Apache-2.0
// The exact reference on real models against figures of llama.cpp and NumPy.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/reference/attention.h"
#include "engine/reference/forward.h"
#include "engine/runtime/sampler.h"
#include "tests/support/golden.h"
#include "tests/support/shared_files.h"

namespace kvscope {
namespace {

struct Opened {
    gguf::File file;
    reference::Forward forward;
};

Opened openModel(const std::filesystem::path& path) {
    auto file = gguf::File::open(path);
    if (!file) throw std::runtime_error(file.error().text());
    auto program = model::buildProgram(*file);
    if (!program) throw std::runtime_error(program.error().text());
    EXPECT_THAT(program->warnings, testing::IsEmpty());
    auto forward = reference::Forward::create(*file, *program);
    if (!forward) throw std::runtime_error(forward.error().text());
    return {std::move(*file), std::move(*forward)};
}

/// Perplexity by chunks, the second half of each scored (decisions.md 3).
double perplexity(reference::Forward& forward, std::span<const std::int32_t> tokens, std::size_t chunk,
                  std::int32_t bos) {
    double sum = 0;
    std::size_t scored = 0;
    const std::size_t vocabulary = forward.program().hparams.nVocab;
    for (std::size_t begin = 0; begin + chunk <= tokens.size(); begin += chunk) {
        std::vector<std::int32_t> input(tokens.begin() + static_cast<std::ptrdiff_t>(begin),
                                        tokens.begin() + static_cast<std::ptrdiff_t>(begin + chunk));
        input[0] = bos;
        forward.truncate(0);
        const auto output = forward.run(input);
        for (std::size_t i = chunk / 2; i + 1 < chunk; ++i) {
            sum += runtime::logProbability(std::span(output->logits).subspan(i * vocabulary, vocabulary), input[i + 1]);
            ++scored;
        }
    }
    return std::exp(-sum / static_cast<double>(scored));
}

TEST(Stories, GreedyTextIsLlamaCpps) {
    const auto path = test::sharedFile("models/stories260K-f32.gguf");
    if (!path) GTEST_SKIP() << "models/stories260K-f32.gguf is not in the shared folder";
    Opened model = openModel(*path);
    runtime::Sampler sampler(runtime::SamplerOptions{});
    std::vector<std::int32_t> next = {1, 403, 407, 261, 378};  // "Once upon a time"
    std::vector<std::int32_t> generated;
    for (int i = 0; i < 64; ++i) {
        const auto output = model.forward.run(next, {.allLogits = false});
        ASSERT_TRUE(output);
        next = {sampler.sample(output->logits)};
        generated.push_back(next.front());
    }
    EXPECT_EQ(generated, test::readTokens(test::goldenFile("stories_greedy.i32")));  // the text in models/README.md
}

TEST(Stories, PerplexityIsLlamaCpps) {
    const auto path = test::sharedFile("models/stories260K-f32.gguf");
    if (!path) GTEST_SKIP() << "models/stories260K-f32.gguf is not in the shared folder";
    Opened model = openModel(*path);
    const std::vector<std::int32_t> tokens = test::readTokens(test::goldenFile("story_tokens.i32"));
    ASSERT_EQ(tokens.size(), 1051U);
    EXPECT_NEAR(perplexity(model.forward, tokens, 256, 1), 3.3152, 0.0002);
}

/// How far logits may be from the golden ones.
struct Tolerance {
    double top = 1e-4;     ///< of the largest logits, in parts of the row's largest
    double subset = 5e-4;  ///< relative L2 of the subset, which is rounded to f16
    double cosine = 0.9999999;
};

/// The positions that were computed, the golden ones from the first on.
void expectGolden(const test::Golden& golden, std::span<const float> logits, const Tolerance& tolerance = {}) {
    const std::size_t count = logits.size() / golden.nVocab;
    ASSERT_EQ(logits.size(), count * golden.nVocab);
    ASSERT_LE(count, golden.nTokens);
    for (std::size_t i = 0; i < count; ++i) {
        const auto row = logits.subspan(i * golden.nVocab, golden.nVocab);
        const auto best = std::max_element(row.begin(), row.end()) - row.begin();
        EXPECT_EQ(best, golden.bestToken(i)) << "position " << i;
        for (std::size_t t = 0; t < golden.nTop; ++t) {
            const auto id = static_cast<std::size_t>(golden.topIds[i * golden.nTop + t]);
            EXPECT_NEAR(row[id], golden.topLogits[i * golden.nTop + t],
                        tolerance.top * std::fabs(golden.topLogits[i * golden.nTop]));
        }
        EXPECT_LT(reference::relativeL2(golden.pickSubset(row), golden.subsetRow(i)), tolerance.subset)
            << "position " << i;
    }
    for (std::size_t i = 0; i < golden.fullPositions.size(); ++i) {
        const auto position = static_cast<std::size_t>(golden.fullPositions[i]);
        if (position >= count) continue;
        const auto row = logits.subspan(position * golden.nVocab, golden.nVocab);
        EXPECT_GT(reference::cosine(row, golden.fullRow(i)), tolerance.cosine);
        EXPECT_LT(reference::relativeL2(row, golden.fullRow(i)), tolerance.subset);
    }
}

TEST(Kjv, LogitsAreNumPys) {
    const auto path = test::sharedFile("models/kjv-gqa-q8_0.gguf");
    if (!path) GTEST_SKIP() << "models/kjv-gqa-q8_0.gguf is not in the shared folder";
    Opened model = openModel(*path);
    const test::Golden golden = test::readGolden(test::goldenFile("kjv_numpy.golden"));
    const auto output = model.forward.run(golden.tokens);
    ASSERT_TRUE(output);
    expectGolden(golden, output->logits);
}

TEST(Kjv, ThousandTokensAreQuick) {
    const auto path = test::sharedFile("models/kjv-gqa-q8_0.gguf");
    if (!path) GTEST_SKIP() << "models/kjv-gqa-q8_0.gguf is not in the shared folder";
    Opened model = openModel(*path);
    std::vector<std::int32_t> tokens(1024);
    for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<std::int32_t>(300 + i % 1500);
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(model.forward.run(tokens));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    RecordProperty("seconds", std::to_string(seconds.count()));
}

TEST(SmolLm2, LogitsAreLlamaCpps) {
    const auto path = test::modelFile("SmolLM2-135M-Instruct.Q4_1.gguf");
    if (!path) GTEST_SKIP() << "SmolLM2 is absent: scripts/fetch-models brings it";
    Opened model = openModel(*path);
    const test::Golden golden = test::readGolden(test::goldenFile("smollm2_llama_cpp.golden"));
    const auto output = model.forward.run(golden.tokens);
    ASSERT_TRUE(output);
    expectGolden(golden, output->logits);
}

TEST(Gemma3, LogitsAreLlamaCpps) {
    const auto path = test::modelFile("gemma-3-270m-q4_k_m.gguf");
    if (!path) GTEST_SKIP() << "Gemma 3 is absent: scripts/fetch-models gemma3 brings it";
    Opened model = openModel(*path);
    const test::Golden golden = test::readGolden(test::goldenFile("gemma3_llama_cpp.golden"));
    // The first tokens, as the vocabulary takes time; llama.cpp's GELU is a table of f16 values.
    const auto output = model.forward.run(std::span(golden.tokens).first(48));
    ASSERT_TRUE(output);
    expectGolden(golden, output->logits, {.top = 3e-3, .subset = 1e-2, .cosine = 0.9999});
}

}  // namespace
}  // namespace kvscope
