// SPDX-License-Identifier: Apache-2.0
// Mixed residual streams of the reference (architectures.md 9, 12.5 and 20, 1).
#include <gmock/gmock.h>

#include <cmath>

#include "engine/reference/attention.h"
#include "tests/engine/reference/op_bench.h"

namespace kvscope {
namespace {

using test::noise;
using test::OpBench;
using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

constexpr std::uint32_t kStreams = 4;
constexpr std::uint32_t kCoefficients = (2 + kStreams) * kStreams;
constexpr float kEps = 1e-6F;

TEST(StreamMixOp, MatrixVectorIdentityAndBias) {
    // two streams of two values, then a matrix [[2, 3], [5, 7]], a vector (10, 20) and an addend (1, -1)
    OpBench bench(12, {1, 2, 3, 4, 2, 3, 5, 7, 10, 20, 1, -1});
    model::StreamMixOp op{.in = bench.in(0, 4),
                          .out = bench.slot(4),
                          .coefficients = bench.in(4, 6),
                          .inputs = 2,
                          .outputs = 2,
                          .rowStep = 2,
                          .columnStep = 1,
                          .vector = 4,
                          .addBias = 1};
    const auto run = [&](const model::StreamMixOp& one) {
        OpBench copy = bench;
        copy.add(one);
        return copy.run(op.out);
    };
    EXPECT_THAT(run(op), ElementsAre(11, 16, 26, 38));
    op.identity = true;
    EXPECT_THAT(run(op), ElementsAre(12, 18, 29, 42));
    op.addend = bench.in(10, 2);
    EXPECT_THAT(run(op), ElementsAre(12 + 11, 18 - 11, 29 + 21, 42 - 21));
    op.useMatrix = false;
    EXPECT_THAT(run(op), ElementsAre(1 + 11, 2 - 11, 3 + 21, 4 - 21));
    op.useMatrix = true;
    op.identity = false;
    op.addend = {};
    op.rowStep = 1;  // transposed
    op.columnStep = 2;
    EXPECT_THAT(run(op), ElementsAre(17, 24, 24, 34));
}

TEST(StreamMixOp, ManyIntoOne) {
    OpBench bench(6, {1, 2, 3, 4, 10, 100});
    const model::View out = bench.slot(2);
    bench.add(model::StreamMixOp{
        .in = bench.in(0, 4), .out = out, .coefficients = bench.in(4, 2), .inputs = 2, .outputs = 1, .columnStep = 1});
    EXPECT_THAT(bench.run(out), ElementsAre(310, 420));
}

std::vector<float> hyper(const std::vector<float>& in, std::uint32_t iterations, const std::vector<float>& base) {
    OpBench bench(kCoefficients, in);
    const model::View out = bench.slot(kCoefficients);
    bench.add(model::HyperOp{.in = bench.in(),
                             .out = out,
                             .base = bench.weight({kCoefficients}, base),
                             .scale = bench.weight({3}, {0.7F, 1.3F, 2}),
                             .streams = kStreams,
                             .iterations = iterations,
                             .eps = kEps});
    return bench.run(out);
}

TEST(HyperOp, TheMixingMatrixIsDoublyStochastic) {
    const std::vector<float> out = hyper(noise(21, kCoefficients), 20, noise(22, kCoefficients));
    for (std::size_t i = 0; i < kStreams; ++i) {
        float row = 0;
        float column = 0;
        for (std::size_t j = 0; j < kStreams; ++j) {
            row += out[8 + i * 4 + j];
            column += out[8 + j * 4 + i];
        }
        EXPECT_NEAR(row, 1, 2e-5);
        EXPECT_NEAR(column, 1, 1e-5);
    }
}

TEST(HyperOp, ValuesOfPlainLoops) {
    const std::vector<float> m = noise(23, kCoefficients);
    const std::vector<float> base = noise(24, kCoefficients);
    const std::vector<float> out = hyper(m, 3, base);
    const double scale[] = {static_cast<double>(0.7F), static_cast<double>(1.3F), 2};
    const auto eps = static_cast<double>(kEps);
    const auto logit = [&](std::size_t i, std::size_t part) {
        return static_cast<double>(m[i]) * scale[part] + static_cast<double>(base[i]);
    };
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(out[i], 1 / (1 + std::exp(-logit(i, 0))) + eps, 1e-6);
        EXPECT_NEAR(out[4 + i], 2 / (1 + std::exp(-logit(4 + i, 1))), 1e-6);
    }
    double b[4][4];
    for (std::size_t src = 0; src < 4; ++src) {
        double sum = 0;
        for (std::size_t dst = 0; dst < 4; ++dst) sum += b[src][dst] = std::exp(logit(8 + dst + 4 * src, 2));
        for (std::size_t dst = 0; dst < 4; ++dst) b[src][dst] = b[src][dst] / sum + eps;
    }
    const auto columns = [&] {
        for (std::size_t dst = 0; dst < 4; ++dst) {
            const double sum = b[0][dst] + b[1][dst] + b[2][dst] + b[3][dst] + eps;
            for (auto& row : b) row[dst] /= sum;
        }
    };
    columns();
    for (int i = 0; i < 2; ++i) {
        for (auto& row : b) {
            const double sum = row[0] + row[1] + row[2] + row[3] + eps;
            for (double& value : row) value /= sum;
        }
        columns();
    }
    for (std::size_t src = 0; src < 4; ++src) {
        for (std::size_t dst = 0; dst < 4; ++dst) EXPECT_NEAR(out[8 + 4 * src + dst], b[src][dst], 1e-6);
    }
}

TEST(HyperOp, OutputHead) {
    OpBench bench(2, {0.5F, -1});
    const model::View out = bench.slot(2);
    bench.add(model::HyperOp{.in = bench.in(),
                             .out = out,
                             .base = bench.weight({2}, {0.25F, 1}),
                             .scale = bench.weight({1}, {2}),
                             .streams = 2,
                             .eps = 0.125F});
    EXPECT_THAT(bench.run(out), ElementsAre(FloatNear(1 / (1 + std::exp(-1.25F)) + 0.125F, 1e-6F),
                                            FloatNear(1 / (1 + std::exp(1.0F)) + 0.125F, 1e-6F)));
}

TEST(HyperOp, EqualStreamsStayAsTheyAre) {  // with y = 0: S'_dst = Σ B[src][dst] S_src
    constexpr std::uint32_t kWidth = 3;
    std::vector<float> in = noise(25, kCoefficients);
    for (std::size_t s = 0; s < kStreams; ++s) in.insert(in.end(), {1, -2, 3});
    OpBench bench(kCoefficients + kStreams * kWidth, in);
    const model::View coefficients = bench.slot(kCoefficients);
    const model::View out = bench.slot(kStreams * kWidth);
    bench.add(model::HyperOp{.in = bench.in(0, kCoefficients),
                             .out = coefficients,
                             .base = bench.weight({kCoefficients}, noise(26, kCoefficients)),
                             .scale = bench.weight({3}, {1, 1, 1}),
                             .streams = kStreams,
                             .iterations = 20,
                             .eps = kEps});
    bench.add(model::StreamMixOp{.in = bench.in(kCoefficients, kStreams * kWidth),
                                 .out = out,
                                 .coefficients = coefficients,
                                 .inputs = kStreams,
                                 .outputs = kStreams,
                                 .matrix = 2 * kStreams,
                                 .rowStep = 1,
                                 .columnStep = kStreams});
    EXPECT_THAT(bench.run(out), Pointwise(FloatNear(4e-5F), {1, -2, 3, 1, -2, 3, 1, -2, 3, 1, -2, 3}));
}

}  // namespace
}  // namespace kvscope
