// SPDX-License-Identifier: Apache-2.0
// Kernels against logits from elsewhere: tiny models of every option, the bundled model, SmolLM2, Gemma 3.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>

#include "engine/reference/attention.h"
#include "tests/engine/runtime/session_support.h"
#include "tests/support/golden.h"
#include "tests/support/golden_models.h"

namespace kvscope {
namespace {

/// Logits at every position, one chunk after the other.
std::vector<float> logitsOf(runtime::Engine& engine, std::span<const text::TokenId> tokens, const std::string& policy) {
    runtime::SessionOptions options;
    options.chunk = 16;
    const auto session = test::openSession(engine, policy, options);
    session->keepAllLogits(true);
    EXPECT_TRUE(session->addSequence(tokens, {}).has_value());
    std::vector<float> all;
    while (session->sequence(0).processed < tokens.size()) {
        if (test::mustStep(*session) == nullptr) break;
        all.insert(all.end(), session->allLogits().begin(), session->allLogits().end());
    }
    return all;
}

TEST(GoldenRunTest, TinyModelsOfEveryOptionMatchTheIndependentForwardPass) {
    std::size_t models = 0;
    std::set<std::string> others;  // architecture_run_test's
    for (const test::GoldenModel& model : test::goldenModels()) others.insert(model.name);
    for (const auto& entry : std::filesystem::directory_iterator(test::goldenData(""))) {
        if (entry.path().extension() != ".gguf" || others.contains(entry.path().stem())) continue;
        std::filesystem::path logits = entry.path();
        const auto expected = test::readFloats(logits.replace_extension(".logits"));
        runtime::EngineOptions options;
        auto engine = runtime::Engine::open(entry.path(), options, {});
        if (!engine && engine.error().kind == ErrorKind::Unsupported) {
            std::printf("%s: %s\n", entry.path().filename().c_str(), engine.error().text().c_str());
            continue;
        }
        ASSERT_TRUE(engine.has_value()) << engine.error().text();
        auto probe = runtime::Session::create(**engine, {});
        if (!probe) {
            EXPECT_EQ(probe.error().kind, ErrorKind::Unsupported) << probe.error().text();
            std::printf("%s: %s\n", entry.path().filename().c_str(), probe.error().text().c_str());
            continue;
        }
        std::vector<text::TokenId> tokens;
        for (int i = 0; i < 24; ++i) tokens.push_back((7 * i * i + 11 * i + 3) % 96);
        const auto ours = logitsOf(**engine, tokens, "exact");
        ASSERT_EQ(ours.size(), expected.size());
        double worst = 0;
        for (std::size_t i = 0; i < 24; ++i) {
            worst = std::max(worst, reference::relativeL2(std::span(ours).subspan(i * 96, 96),
                                                          std::span(expected).subspan(i * 96, 96)));
        }
        std::printf("%s: worst relative L2 of a position %.2e\n", entry.path().filename().c_str(), worst);
        EXPECT_LE(worst, 1e-4) << entry.path();
        ++models;
    }
    EXPECT_GE(models, 7U);
}

void compare(runtime::Engine& engine, const test::Golden& golden, double leastCosine, double leastSameTop) {
    const auto ours = logitsOf(engine, golden.tokens, "exact");
    ASSERT_EQ(ours.size(), std::size_t{golden.nTokens} * golden.nVocab);
    std::size_t same = 0;
    double least = 1;
    for (std::size_t i = 0; i < golden.nTokens; ++i) {
        const auto row = std::span(ours).subspan(i * golden.nVocab, golden.nVocab);
        same += std::ranges::max_element(row) - row.begin() == golden.bestToken(i);
        least = std::min(least, reference::cosine(golden.pickSubset(row), golden.subsetRow(i)));
        double norm = 0;
        for (const float value : row) norm += static_cast<double>(value) * static_cast<double>(value);
        EXPECT_NEAR(std::sqrt(norm) / static_cast<double>(golden.norms[i]), 1, 1e-3) << "position " << i;
    }
    for (std::size_t f = 0; f < golden.fullPositions.size(); ++f) {
        const auto at = static_cast<std::size_t>(golden.fullPositions[f]);
        least = std::min(
            least, reference::cosine(std::span(ours).subspan(at * golden.nVocab, golden.nVocab), golden.fullRow(f)));
    }
    std::printf("worst cosine %.7f, same top token %zu of %u\n", least, same, golden.nTokens);
    EXPECT_GE(least, leastCosine);
    EXPECT_GE(static_cast<double>(same) / golden.nTokens, leastSameTop);
}

TEST(GoldenRunTest, BundledModelMatchesNumpy) {
    const auto engine = test::openEngine(test::bundledModel());
    compare(*engine, test::readGolden(test::goldenData("kjv_numpy.golden")), 0.9999, 0.998);
}

/// A published model: its weights take no more memory than its file, tokens of the text and logits are llama.cpp's.
void comparePublished(const std::filesystem::path& model, const std::string& text, const std::string& golden) {
    const auto engine = test::openEngine(model.string());
    ASSERT_NE(engine, nullptr);
    EXPECT_LE(static_cast<double>(engine->weightBytes()), 1.02 * static_cast<double>(engine->file().fileBytes()));
    const test::Golden expected = test::readGolden(test::goldenData(golden));
    std::ifstream in(test::goldenData(text));
    const std::string whole{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    auto tokens = engine->tokenizer().encode(whole, {});
    ASSERT_TRUE(tokens.has_value()) << tokens.error().text();
    ASSERT_GE(tokens->size(), expected.tokens.size());
    tokens->resize(expected.tokens.size());
    EXPECT_EQ(*tokens, expected.tokens);
    compare(*engine, expected, 0.999, 0.98);
}

TEST(GoldenRunTest, SmolLm2MatchesLlamaCpp) {
    if (test::smolLm2().empty()) GTEST_SKIP() << "SmolLM2 is absent: scripts/fetch-models brings it";
    comparePublished(test::smolLm2(), "text_smollm2.txt", "smollm2_llama_cpp.golden");
}

TEST(GoldenRunTest, Gemma3MatchesLlamaCpp) {
    const auto model = test::modelFile("gemma-3-270m-q4_k_m.gguf");
    if (!model) GTEST_SKIP() << "Gemma 3 is absent: scripts/fetch-models gemma3 brings it";
    comparePublished(*model, "text_smollm2.txt", "gemma3_llama_cpp.golden");
}

}  // namespace
}  // namespace kvscope
