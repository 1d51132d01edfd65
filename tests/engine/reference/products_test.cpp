// SPDX-License-Identifier: Apache-2.0
// Products, norms and element-wise operations of the reference against plain loops.
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "engine/reference/attention.h"
#include "tests/engine/reference/op_bench.h"

namespace kvscope {
namespace {

using model::Activation;
using model::MapKind;
using test::noise;
using test::OpBench;
using testing::FloatNear;
using testing::Pointwise;

void expectNear(const std::vector<float>& got, const std::vector<double>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_NEAR(static_cast<double>(got[i]), want[i], 1e-6 * std::max(1.0, std::abs(want[i]))) << i;
    }
}

double silu(double x) {
    return x / (1 + std::exp(-x));
}

double gelu(double x) {
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * std::pow(x, 3))));
}

TEST(NormOp, GroupsShareOneGain) {
    const std::vector<float> x = noise(1, 24);
    OpBench bench(12, x);
    const std::vector<float> gain = {2, -1, 0.5F, 3};
    const model::View out = bench.slot(12);
    bench.add(
        model::NormOp{.in = bench.in(), .out = out, .gain = bench.weight({4}, gain), .eps = 0.1F, .groupWidth = 4});
    std::vector<double> want;
    for (std::size_t i = 0; i < 24; ++i) {
        double squares = 0;
        for (std::size_t j = i / 4 * 4; j < i / 4 * 4 + 4; ++j) squares += std::pow(static_cast<double>(x[j]), 2);
        want.push_back(static_cast<double>(x[i] * gain[i % 4]) / std::sqrt(squares / 4 + static_cast<double>(0.1F)));
    }
    expectNear(bench.run(out), want);
}

TEST(NormOp, WithoutGainInPlaceOverAPart) {
    OpBench bench(6, {7, 3, 4, 0, 0, 9});
    bench.add(model::NormOp{.in = bench.in(1, 4), .out = bench.in(1, 4)});
    const float root = std::sqrt(25.0F / 4);
    EXPECT_THAT(bench.run(bench.in()), Pointwise(FloatNear(1e-6F), {7.0F, 3 / root, 4 / root, 0.0F, 0.0F, 9.0F}));
}

TEST(ProductOp, RowsBiasScaleAndAddition) {
    OpBench bench(3, {1, 2, 3});
    const model::TensorRef w = bench.weight({3, 4}, {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1});
    const model::TensorRef bias = bench.weight({4}, {10, 20, 30, 40});
    const model::View out = bench.slot(4);
    model::ProductOp op{.in = bench.in()};
    op.parts.push_back({.weight = w, .bias = bias, .out = {out.slot, 0, 2}, .rowBegin = 2, .rowCount = 2, .scale = 2});
    op.parts.push_back({.weight = w, .out = {out.slot, 2, 2}, .rowBegin = 0, .rowCount = 2});
    bench.add(op);
    EXPECT_THAT(bench.run(out), testing::ElementsAre(36, 52, 1, 2));
    op.addTo = true;
    bench.add(op);
    EXPECT_THAT(bench.run(out), testing::ElementsAre(72, 104, 2, 4));
}

TEST(ProductOp, GroupsAreABlockDiagonal) {  // two heads of three values, of which the first two are read
    OpBench bench(6, {1, 2, 3, 4, 5, 6});
    const model::TensorRef w = bench.weight({2, 4}, {1, 0, 1, 1, 10, 0, 0, 10});
    const model::View out = bench.slot(7);
    model::ProductOp op{.in = bench.in(), .groups = 2, .inStep = 3, .outStep = 5};
    op.parts.push_back({.weight = w, .out = out, .rowCount = 4});
    bench.add(op);
    EXPECT_THAT(bench.run(out), testing::ElementsAre(1, 3, 0, 0, 0, 40, 50));
}

TEST(GatedOp, ActivationsAndClamp) {
    for (const Activation activation : {Activation::Silu, Activation::GeluTanh}) {
        for (const float clamp : {0.0F, 1.5F}) {
            OpBench bench(1, {1});
            const std::vector<float> rows = {0.3F, -0.4F, 2.5F, 1.2F, -2, 2};
            const model::TensorRef both = bench.weight({1, 6}, rows);  // gate rows, then up rows
            const model::View out = bench.slot(3);
            bench.add(model::GatedOp{.in = bench.in(),
                                     .out = out,
                                     .gate = both,
                                     .up = both,
                                     .upBegin = 3,
                                     .activation = activation,
                                     .clamp = clamp});
            std::vector<double> want;
            for (std::size_t i = 0; i < 3; ++i) {
                double gate = static_cast<double>(rows[i]);
                double up = static_cast<double>(rows[i + 3]);
                if (clamp > 0) {  // only the upper side of the gate
                    gate = std::min(gate, 1.5);
                    up = std::min(std::max(up, -1.5), 1.5);
                }
                want.push_back((activation == Activation::Silu ? silu(gate) : gelu(gate)) * up);
            }
            expectNear(bench.run(out), want);
        }
    }
}

TEST(MapOp, EachKind) {
    const double a[] = {0.5, -1.25, 3, -4};
    const double b[] = {2, 0.25, -1, 8};
    OpBench bench(8, {0.5F, -1.25F, 3, -4, 2, 0.25F, -1, 8});
    const model::TensorRef gain = bench.weight({2}, {3, -2});
    const model::View out = bench.slot(4);
    const double c = 1.5;
    const std::pair<MapKind, double (*)(double, double, std::size_t)> cases[] = {
        {MapKind::Add, [](double x, double y, std::size_t) { return 1.5 * (x + y); }},
        {MapKind::Subtract, [](double x, double y, std::size_t) { return x - y; }},
        {MapKind::Scale, [](double x, double, std::size_t) { return 1.5 * x; }},
        {MapKind::Multiply, [](double x, double y, std::size_t) { return x * y; }},
        {MapKind::SiluMultiply, [](double x, double y, std::size_t) { return silu(x) * y; }},
        {MapKind::GeluMultiply, [](double x, double y, std::size_t) { return gelu(x) * y; }},
        {MapKind::Gain, [](double x, double, std::size_t i) { return i % 2 == 0 ? 3 * x : -2 * x; }},
        {MapKind::Tanh, [](double x, double, std::size_t) { return std::tanh(1.5 * x); }},
        {MapKind::Softcap, [](double x, double, std::size_t) { return 1.5 * std::tanh(x / 1.5); }},
    };
    for (const auto& [kind, expected] : cases) {
        OpBench one = bench;
        one.add(model::MapOp{.kind = kind,
                             .a = one.in(0, 4),
                             .b = one.in(4, 4),
                             .out = out,
                             .constant = static_cast<float>(c),
                             .gain = gain});
        std::vector<double> want;
        for (std::size_t i = 0; i < 4; ++i) want.push_back(expected(a[i], b[i], i));
        expectNear(one.run(out), want);
    }
}

TEST(MatchNormOp, TakesTheLengthOfTheReference) {
    OpBench bench(4, {3, 4, 5, 12, 0, 0, 1, 0});
    const model::View out = bench.slot(2);
    bench.add(model::MatchNormOp{.a = bench.in(0, 2), .reference = bench.in(2, 2), .out = out});
    expectNear(bench.run(out), {3 * 13.0 / 5, 4 * 13.0 / 5, 0, 0});
}

TEST(SparseOp, KeepsWhatIsAboveTheQuantile) {  // NumPy: mean 1.5, std (ddof 1) 3.1091263510
    OpBench bench(4, {1, -1, 0, 6});
    bench.add(model::SparseOp{.values = bench.in(), .multiplier = 0.5F});
    expectNear(bench.run(bench.in()), {0, 0, 0, 6 - (1.5 + 0.5 * 3.109126351029605)});
    OpBench none(4, {1, -1, 0, 6});
    none.add(model::SparseOp{.values = none.in(), .multiplier = -std::numeric_limits<float>::infinity()});
    EXPECT_EQ(none.run(none.in()).size(), 4U);
}

}  // namespace
}  // namespace kvscope
