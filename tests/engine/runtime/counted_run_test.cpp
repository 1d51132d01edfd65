// SPDX-License-Identifier: Apache-2.0
// Whole steps of the tiny models in the counting build: what the step's traffic figures say, by category, is what its
// kernels loaded and stored.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "engine/runtime/engine_impl.h"
#include "engine/vulkan/buffer.h"
#include "tests/engine/runtime/session_support.h"
#include "tests/support/golden_models.h"

namespace kvscope {
namespace {

/// Words of the buffer that counting shaders write: requested and stored bytes by category, then places of bitmaps
/// (none here, so that distinct bytes are not counted).
constexpr std::size_t kCounterWords = 32;

class CountedRun : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        const auto all = test::goldenModels();
        golden = *std::ranges::find(all, std::string(GetParam()), &test::GoldenModel::name);
        engine = test::openEngine(golden.file(), true);
        ASSERT_NE(engine, nullptr);
        if (!engine->impl().device->physical().subgroupArithmetic) GTEST_SKIP() << "counting needs subgroups";
        auto made =
            vulkan::Buffer::create(*engine->impl().device, kCounterWords * 4, vulkan::MemoryUse::Readback, "counters");
        ASSERT_TRUE(made.has_value()) << made.error().text();
        counters.emplace(std::move(*made));
        engine->impl().library->setCounters(&*counters);
    }
    /// Steps once and compares; false when there is nothing left to do.
    void checkStep(runtime::Session& session, const std::string& what) {
        constexpr std::array kNames{"weights", "KV read", "KV written", "index", "activations"};
        std::ranges::fill(counters->view<std::uint32_t>(), 0U);
        const auto bundle = test::mustStep(session);
        ASSERT_NE(bundle, nullptr) << what;
        const auto counted = counters->view<std::uint32_t>();
        for (std::size_t i = 0; i < trace::kTrafficCategories; ++i) {
            const trace::TrafficEntry& said = bundle->traffic.byCategory.at(i);
            EXPECT_EQ(said.readRequested, counted[2 * i]) << what << ": requested " << kNames.at(i);
            EXPECT_EQ(said.written, counted[2 * i + 1]) << what << ": written " << kNames.at(i);
            EXPECT_LE(said.readUnique, said.readRequested) << what << ": unique " << kNames.at(i);
        }
    }
    /// Prefill of `chunk` tokens at a time, then some tokens one by one.
    void checkRun(const std::string& policy, std::uint32_t chunk, std::size_t prefill) {
        runtime::SessionOptions options;
        options.chunk = chunk;
        const auto session = test::openSession(*engine, policy, options);
        ASSERT_NE(session, nullptr);
        ASSERT_TRUE(session->addSequence(std::span(golden.tokens).first(prefill), {}).has_value());
        while (session->sequence(0).processed < prefill && !HasFailure()) {
            checkStep(*session,
                      fmt::format("{} {}, prefill at {}", golden.name, policy, session->sequence(0).processed));
        }
        ASSERT_TRUE(session->appendTokens(0, std::span(golden.tokens).subspan(prefill, 3)).has_value());
        session->setChunk(1);
        for (int i = 0; i < 3 && !HasFailure(); ++i) {
            checkStep(*session,
                      fmt::format("{} {}, decode at {}", golden.name, policy, session->sequence(0).processed));
        }
    }
    test::GoldenModel golden;
    std::unique_ptr<runtime::Engine> engine;
    std::optional<vulkan::Buffer> counters;  // goes before the engine's device
};

TEST_P(CountedRun, TrafficOfPrefillAndDecodeIsWhatKernelsLoadAndStore) {
    checkRun("exact", 16, golden.positions - 5);
}

TEST_P(CountedRun, SequencesOfDifferentLengthsDecodeTogether) {
    runtime::SessionOptions options;
    options.chunk = 13;
    const auto session = test::openSession(*engine, "exact", options);
    ASSERT_NE(session, nullptr);
    const std::span<const std::int32_t> tokens(golden.tokens);
    ASSERT_TRUE(session->addSequence(tokens.first(30), {}).has_value());
    ASSERT_TRUE(session->addSequence(tokens.subspan(5, 9), {}).has_value());
    while (session->sequence(1).processed < 9 && !HasFailure()) {
        checkStep(*session, fmt::format("{}, prefill at {}", golden.name, session->sequence(0).processed));
    }
    ASSERT_TRUE(session->appendTokens(0, tokens.subspan(30, 2)).has_value());
    ASSERT_TRUE(session->appendTokens(1, tokens.subspan(14, 2)).has_value());
    session->setChunk(1);
    for (int i = 0; i < 2 && !HasFailure(); ++i) checkStep(*session, golden.name + ", decode of two");
}

INSTANTIATE_TEST_SUITE_P(Models, CountedRun,
                         testing::Values("mixtral", "qwen2_yarn", "gemma2", "gemma3n", "gemma4_small", "gemma4_moe",
                                         "deepseek2_v3", "deepseek2_v2", "deepseek2_lite_legacy", "deepseek4",
                                         "deepseek4_pro"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace kvscope
