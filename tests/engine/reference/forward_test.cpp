// SPDX-License-Identifier: Apache-2.0
#include "engine/reference/forward.h"

#include <gmock/gmock.h>

#include "engine/reference/attention.h"
#include "tests/support/shared_files.h"

namespace kvscope {
namespace {

constexpr std::size_t kTokens = 24;

struct ForwardTest : testing::Test {
    ForwardTest() {
        for (std::int32_t i = 0; i < 24; ++i) tokens.push_back((7 * i * i + 11 * i + 3) % 96);
        file.emplace(*gguf::File::open(test::goldenFile("gqa_f32_rope_freqs.gguf")));
        program = *model::buildProgram(*file);
        forward.emplace(*reference::Forward::create(*file, program));
    }

    /// Attention of one query alone, over the rows that the run kept.
    [[nodiscard]] std::vector<float> alone(const reference::LayerRows& rows, std::size_t head, std::size_t query,
                                           const reference::Visible& visible) const {
        const model::Hparams& h = program.hparams;
        const std::size_t dim = h.headDimK;
        const std::size_t stride = h.nKvHeads[0] * dim;
        const std::size_t kv = head / (h.nHeads[0] / h.nKvHeads[0]);
        const reference::RowsView k{rows.k.data() + kv * dim, query + 1, dim, stride};
        const reference::RowsView v{rows.v.data() + kv * dim, query + 1, dim, stride};
        const auto sees = [&](std::size_t row) {
            return !visible || visible(0, static_cast<std::uint32_t>(head), query, row);
        };
        const auto q = std::span(rows.q).subspan((query * h.nHeads[0] + head) * dim, dim);
        return reference::attend(q, k, v,
                                 {.scale = 1 / std::sqrt(static_cast<double>(dim)), .visible = sees, .sinkLogit = {}})
            .output;
    }

    void expectHeadsAre(const reference::Visible& visible) {
        const auto output = forward->run(tokens, {.allLogits = true, .layers = true, .visible = visible});
        ASSERT_TRUE(output);
        ASSERT_EQ(output->layers.size(), 2U);
        const std::size_t dim = program.hparams.headDimV;
        for (const reference::LayerRows& rows : output->layers) {
            ASSERT_EQ(rows.q.size(), kTokens * 4 * 8);
            ASSERT_EQ(rows.k.size(), kTokens * 2 * 8);
            for (std::size_t query = 0; query < kTokens; ++query) {
                for (std::size_t head = 0; head < 4; ++head) {
                    const auto got = std::span(rows.heads).subspan((query * 4 + head) * dim, dim);
                    EXPECT_LT(reference::relativeL2(got, alone(rows, head, query, visible)), 2e-7);
                }
            }
        }
    }

    std::vector<std::int32_t> tokens;
    std::optional<gguf::File> file;
    model::Program program;
    std::optional<reference::Forward> forward;
};

TEST_F(ForwardTest, HeadsAreTheAttentionOfEachQueryAlone) {
    expectHeadsAre({});
}

TEST_F(ForwardTest, SinksAndWindowAreAMask) {
    const reference::Visible window = [](std::uint32_t, std::uint32_t, std::uint64_t query, std::uint64_t key) {
        return key < 2 || query - key < 5;
    };
    const auto exact = forward->run(tokens);
    forward->truncate(0);
    expectHeadsAre(window);
    forward->truncate(0);
    const auto masked = forward->run(tokens, {.allLogits = true, .layers = false, .visible = window});
    const auto row = [](const auto& output, std::size_t i) { return std::span(output->logits).subspan(i * 96, 96); };
    for (std::size_t i = 0; i < kTokens; ++i) {  // positions 0 … 6 see everything: 2 sinks + 5
        const double moved = reference::relativeL2(row(masked, i), row(exact, i));
        if (i < 7) {
            EXPECT_EQ(moved, 0) << i;
        } else {
            EXPECT_GT(moved, 1e-4) << i;
        }
    }
}

TEST_F(ForwardTest, NativeWindowActsLikeTheMask) {
    const reference::Visible window = [](std::uint32_t, std::uint32_t, std::uint64_t query, std::uint64_t key) {
        return query - key < 5;
    };
    const auto masked = forward->run(tokens, {.allLogits = true, .layers = false, .visible = window});
    for (model::Operation& operation : program.operations) {
        if (auto* attend = std::get_if<model::AttendOp>(&operation)) attend->reads[0].window = 5;
    }
    auto native = reference::Forward::create(*file, program);
    ASSERT_TRUE(native);
    EXPECT_EQ(native->run(tokens)->logits, masked->logits);
}

TEST_F(ForwardTest, CopiesAreForks) {
    ASSERT_TRUE(forward->run(std::span(tokens).first(10)));
    reference::Forward fork = *forward;
    const auto here = forward->run(std::span(tokens).subspan(10, 1));
    const auto other = fork.run(std::span(tokens).subspan(11, 1));
    EXPECT_NE(here->logits, other->logits);
    fork.truncate(10);
    EXPECT_EQ(fork.keyRows(1).size(), 10U * 2 * 8);
    EXPECT_EQ(fork.run(std::span(tokens).subspan(10, 1))->logits, here->logits);
    EXPECT_EQ(fork.length(), 11U);
}

TEST_F(ForwardTest, BadTokensAreErrors) {
    for (const std::int32_t token : {-1, 96}) {
        const auto output = forward->run(std::vector{token});
        ASSERT_FALSE(output);
        EXPECT_EQ(output.error().kind, ErrorKind::BadUsage);
        EXPECT_THAT(output.error().message, testing::HasSubstr(std::to_string(token)));
    }
    EXPECT_FALSE(forward->run({}));
    EXPECT_EQ(forward->length(), 0U);
}

}  // namespace
}  // namespace kvscope
