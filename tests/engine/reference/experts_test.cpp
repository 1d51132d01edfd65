// SPDX-License-Identifier: Apache-2.0
// Routing and experts of the reference against plain loops (architectures.md 1.8 and 20, 13).
#include <gmock/gmock.h>

#include <cmath>

#include "engine/reference/attention.h"
#include "tests/engine/reference/op_bench.h"

namespace kvscope {
namespace {

using model::Gating;
using test::noise;
using test::OpBench;
using testing::ElementsAre;
using testing::FloatNear;

/// Routes one column of logits.
std::vector<float> route(const std::vector<float>& logits, model::RouteOp op, const std::vector<float>& bias = {},
                         const std::vector<float>& gain = {}) {
    OpBench bench(static_cast<std::uint32_t>(logits.size()), logits);
    op.in = bench.in();
    op.out = bench.slot(2 * op.used);
    if (!bias.empty()) op.bias = bench.weight({bias.size()}, bias);
    if (!gain.empty()) op.gain = bench.weight({gain.size()}, gain);
    bench.add(op);
    return bench.run(op.out);
}

TEST(RouteOp, SoftmaxNormalisedAndScaled) {
    // exp: 1, e, e², e³ -> the two best are e³ and e², of the whole 0.64391 and 0.23688
    const auto plain = route({0, 1, 2, 3}, {.used = 2});
    EXPECT_THAT(plain, ElementsAre(3, 2, FloatNear(0.6439142599F, 1e-6F), FloatNear(0.2368828181F, 1e-6F)));
    const auto normal = route({0, 1, 2, 3}, {.used = 2, .normalise = true, .scale = 2.5F});
    EXPECT_THAT(normal,
                ElementsAre(3, 2, FloatNear(2.5F * 0.7310585786F, 1e-6F), FloatNear(2.5F * 0.2689414214F, 1e-6F)));
}

TEST(RouteOp, EachGating) {
    EXPECT_NEAR(route({0, 1}, {.used = 1, .gating = Gating::Sigmoid})[1], 0.7310585786F, 1e-6F);
    EXPECT_NEAR(route({0, 1}, {.used = 1, .gating = Gating::SqrtSoftplus})[1], std::sqrt(1.3132616875F), 1e-6F);
    EXPECT_NEAR(route({-80, -90}, {.used = 1, .gating = Gating::SqrtSoftplus})[1], std::exp(-40.0F), 1e-20F);
    const auto selected = route({0, 1, 2}, {.used = 2, .gating = Gating::SoftmaxOfSelected});
    EXPECT_THAT(selected, ElementsAre(2, 1, FloatNear(0.7310585786F, 1e-6F), FloatNear(0.2689414214F, 1e-6F)));
}

TEST(RouteOp, BiasSelectsButDoesNotWeigh) {
    const auto biased = route({0, 1, 2}, {.used = 1, .gating = Gating::Sigmoid}, {5, 0, 0});
    EXPECT_THAT(biased, ElementsAre(0, FloatNear(0.5F, 1e-6F)));
    const auto gained = route({0, 1, 2}, {.used = 2, .gating = Gating::Sigmoid}, {5, 0, 0}, {10, 1, 100});
    EXPECT_THAT(gained, ElementsAre(0, 2, FloatNear(5, 1e-5F), FloatNear(88.0797078F, 1e-4F)));
}

TEST(RouteOp, TiesGoToTheLowerExpert) {
    EXPECT_THAT(route({1, 2, 2, 1, 2}, {.used = 4, .gating = Gating::SoftmaxOfSelected}),
                ElementsAre(1, 2, 4, 0, testing::_, testing::_, testing::_, testing::_));
}

TEST(RouteOp, GroupsByTheSumOfTheirTwoBest) {
    // groups (3, 0, 0), (2, 2, 0): the second group wins although the best expert is in the first
    const std::vector<float> logits = {3, 0, 0, 2, 2, 0};
    const auto grouped = route(logits, {.used = 2, .gating = Gating::SoftmaxOfSelected, .groups = 2, .groupsUsed = 1});
    EXPECT_THAT(grouped, ElementsAre(3, 4, FloatNear(0.5F, 1e-6F), FloatNear(0.5F, 1e-6F)));
    const auto global = route(logits, {.used = 2, .gating = Gating::SoftmaxOfSelected});
    EXPECT_EQ(global[0], 0);
}

TEST(RouteOp, ATableReplacesTheChoiceAndTheBias) {  // hash layers: by token id
    OpBench bench(3, {0, 1, 2, 0, 1, 2});
    const model::View out = bench.slot(4);
    bench.add(model::RouteOp{.in = bench.in(),
                             .out = out,
                             .used = 2,
                             .gating = Gating::Sigmoid,
                             .bias = bench.weight({3}, {9, 0, 0}),
                             .table = bench.indices({2, 2}, {1, 0, 2, 1})});
    const std::vector<float> got = bench.run(out);
    EXPECT_THAT(std::vector<float>(got.begin(), got.begin() + 4),
                ElementsAre(1, 0, FloatNear(0.7310585786F, 1e-6F), FloatNear(0.5F, 1e-6F)));
    EXPECT_EQ(got[4], 2);
    EXPECT_EQ(got[5], 1);
}

constexpr std::uint32_t kWidth = 4;
constexpr std::uint32_t kHidden = 6;
constexpr std::uint32_t kExperts = 5;

struct Experts {
    std::vector<float> gate = noise(11, std::size_t{kWidth} * kHidden * kExperts);
    std::vector<float> up = noise(12, std::size_t{kWidth} * kHidden * kExperts);
    std::vector<float> down = noise(13, std::size_t{kWidth} * kHidden * kExperts);

    /// The sum of all experts by weight, in plain loops.
    [[nodiscard]] std::vector<double> dense(std::span<const float> x, std::span<const double> weights) const {
        std::vector<double> y(kWidth, 0);
        for (std::size_t e = 0; e < kExperts; ++e) {
            for (std::size_t j = 0; j < kHidden; ++j) {
                double g = 0;
                double u = 0;
                for (std::size_t i = 0; i < kWidth; ++i) {
                    g += static_cast<double>(gate[(e * kHidden + j) * kWidth + i]) * static_cast<double>(x[i]);
                    u += static_cast<double>(up[(e * kHidden + j) * kWidth + i]) * static_cast<double>(x[i]);
                }
                const double hidden = g / (1 + std::exp(-g)) * u;
                for (std::size_t o = 0; o < kWidth; ++o) {
                    y[o] += weights[e] * hidden * static_cast<double>(down[(e * kWidth + o) * kHidden + j]);
                }
            }
        }
        return y;
    }
};

TEST(Experts, AllOfThemAreTheDenseMixture) {
    const Experts experts;
    const std::vector<float> x = noise(14, std::size_t{kWidth} * 3);
    const std::vector<float> router = noise(15, std::size_t{kWidth} * kExperts);
    for (const bool fused : {false, true}) {
        OpBench bench(kWidth, x);
        const model::View logits = bench.slot(kExperts);
        const model::View chosen = bench.slot(2 * kExperts);
        const model::View hidden = bench.slot(kExperts * kHidden);
        const model::View out = bench.slot(kWidth);
        model::ProductOp product{.in = bench.in()};
        product.parts.push_back(
            {.weight = bench.weight({kWidth, kExperts}, router), .out = logits, .rowCount = kExperts});
        bench.add(product);
        bench.add(model::RouteOp{.in = logits, .out = chosen, .used = kExperts, .normalise = true});
        model::ExpertGatedOp gated{
            .in = bench.in(), .route = chosen, .out = hidden, .experts = kExperts, .used = kExperts};
        if (fused) {
            std::vector<float> both;
            for (std::size_t e = 0; e < kExperts; ++e) {
                constexpr std::size_t kEach = std::size_t{kWidth} * kHidden;
                for (const std::vector<float>* half : {&experts.gate, &experts.up}) {
                    const auto begin = half->begin() + static_cast<std::ptrdiff_t>(e * kEach);
                    both.insert(both.end(), begin, begin + static_cast<std::ptrdiff_t>(kEach));
                }
            }
            gated.gate = bench.weight({kWidth, 2 * kHidden, kExperts}, both);
        } else {
            gated.gate = bench.weight({kWidth, kHidden, kExperts}, experts.gate);
            gated.up = bench.weight({kWidth, kHidden, kExperts}, experts.up);
        }
        bench.add(gated);
        bench.add(model::ExpertDownOp{.in = hidden,
                                      .route = chosen,
                                      .out = out,
                                      .down = bench.weight({kHidden, kWidth, kExperts}, experts.down),
                                      .experts = kExperts,
                                      .used = kExperts});
        const std::vector<float> got = bench.run(out);
        for (std::size_t token = 0; token < 3; ++token) {
            const auto column = std::span(x).subspan(token * kWidth, kWidth);
            std::vector<double> weights(kExperts);
            double sum = 0;
            for (std::size_t e = 0; e < kExperts; ++e) {
                double logit = 0;
                for (std::size_t i = 0; i < kWidth; ++i) {
                    logit += static_cast<double>(router[e * kWidth + i]) * static_cast<double>(column[i]);
                }
                sum += weights[e] = std::exp(logit);
            }
            for (double& weight : weights) weight /= sum;
            const std::vector<double> want = experts.dense(column, weights);
            for (std::size_t i = 0; i < kWidth; ++i) EXPECT_NEAR(got[token * kWidth + i], want[i], 1e-6) << token;
        }
    }
}

TEST(Experts, OneChosenWithClampAndAddition) {
    OpBench bench(2, {1, 2});
    const model::View logits = bench.in();  // expert 1 wins
    const model::View chosen = bench.slot(2);
    const model::View hidden = bench.slot(1);
    bench.add(model::RouteOp{.in = logits, .out = chosen, .used = 1, .gating = Gating::SoftmaxOfSelected});
    bench.add(model::ExpertGatedOp{.in = bench.in(),
                                   .route = chosen,
                                   .out = hidden,
                                   .gate = bench.weight({2, 1, 2}, {0, 0, 3, 4}),
                                   .up = bench.weight({2, 1, 2}, {0, 0, -5, -1}),
                                   .experts = 2,
                                   .used = 1,
                                   .clamp = 2});
    bench.add(model::ExpertDownOp{.in = hidden,
                                  .route = chosen,
                                  .out = bench.in(),
                                  .down = bench.weight({1, 2, 2}, {0, 0, 1, 10}),
                                  .experts = 2,
                                  .used = 1,
                                  .addTo = true});
    const float h = 2 / (1 + std::exp(-2.0F)) * -2;  // gate 11 and up -7, clamped before the activation
    EXPECT_THAT(bench.run(bench.in()), ElementsAre(FloatNear(1 + h, 1e-6F), FloatNear(2 + 10 * h, 1e-5F)));
}

}  // namespace
}  // namespace kvscope
