// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/kernels/products.h"
#include "tests/support/device_matrices.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

using kernels::ProductMode;

/// Sums of up to 512 products in single precision against sums in double precision.
constexpr double kLimit = 1e-11;

struct Part {
    std::uint32_t columns;
    std::uint32_t tile;
};
struct Case {
    std::string type = "Q8_0";
    std::uint32_t rows = 7;
    std::uint32_t inner = 96;
    std::vector<Part> parts{{1, 1}};
    ProductMode mode = ProductMode::Store;
    bool bias = false;
};

class MatMul : public VulkanTest {
  protected:
    struct Outcome {
        std::vector<float> got;  ///< (columns, rows)
        std::vector<double> expected;
    };
    Outcome compute(const Case& c);
    void check(const Case& c) {
        const Outcome outcome = compute(c);
        EXPECT_LT(nmse(outcome.got, outcome.expected), kLimit) << c.type << " rows " << c.rows << " inner " << c.inner;
    }
};

std::vector<double> product(const TestMatrix& w, std::span<const float> x) {
    std::vector<double> y(w.rows, 0.0);
    for (std::size_t r = 0; r < w.rows; ++r) {
        for (std::size_t i = 0; i < w.columns; ++i) {
            y[r] += static_cast<double>(w.values[r * w.columns + i]) * static_cast<double>(x[i]);
        }
    }
    return y;
}

MatMul::Outcome MatMul::compute(const Case& c) {
    const bool gated = c.mode == ProductMode::Gated;
    std::vector<TestMatrix> matrices{TestMatrix::make(c.type, c.rows, c.inner, 11)};
    if (gated) matrices.push_back(TestMatrix::make(c.type, c.rows, c.inner, 12));
    const std::vector<float> bias = c.bias ? normals(c.rows, 13) : std::vector<float>{};
    const DeviceMatrices loaded(device(), matrices, gated, bias);
    std::uint32_t columns = 0;
    for (const Part& part : c.parts) columns += part.columns;

    const std::uint32_t inStride = (c.inner + 31) / 32 * 32 + 8;
    const std::vector<float> values = normals(std::size_t{columns} * c.inner, 14);
    std::vector<float> in(std::size_t{columns} * inStride, 0.0F);
    for (std::size_t i = 0; i < values.size(); ++i) in[i / c.inner * inStride + i % c.inner] = values[i];
    const vulkan::Buffer input = bufferOf(device(), in);

    const std::uint32_t offset = 12;
    const std::uint32_t stride = (c.rows + 3) / 4 * 4 + 4;
    Canvas out(device(), offset + std::size_t{stride} * columns + 33);
    const std::vector<float> before = normals(std::size_t{columns} * c.rows, 15);
    Outcome outcome;
    for (std::size_t column = 0; column < columns; ++column) {
        out.expectWritten(offset + column * stride, c.rows);
        const std::span<const float> x = std::span(values).subspan(column * c.inner, c.inner);
        std::vector<double> y = product(matrices[0], x);
        if (gated) {
            const std::vector<double> up = product(matrices[1], x);
            for (std::size_t r = 0; r < y.size(); ++r) y[r] = y[r] / (1 + std::exp(-y[r])) * up[r];
        }
        for (std::size_t r = 0; r < y.size(); ++r) {
            if (c.bias) y[r] += static_cast<double>(bias[r]);
            if (c.mode != ProductMode::Add) continue;
            y[r] += static_cast<double>(before[column * c.rows + r]);
            out.floats()[offset + column * stride + r] = before[column * c.rows + r];
        }
        outcome.expected.insert(outcome.expected.end(), y.begin(), y.end());
    }

    kernels::MatMulArgs args{
        .weight = loaded.view(), .in = {&input, 0, inStride}, .out = {&out.buffer(), offset, stride}};
    args.mode = c.mode;
    args.bias = loaded.matrix().bias;
    args.biasOffset = loaded.matrix().biasOffset;
    std::vector<kernels::Dispatch> dispatches;
    for (const Part& part : c.parts) {
        args.columns = part.columns;
        args.tile = part.tile;
        dispatches.push_back(must(kernels::matMul(library(), args)));
        args.columnBegin += part.columns;
    }
    run(library(), dispatches);
    out.check("mat_mul " + c.type);
    for (std::size_t column = 0; column < columns; ++column) {
        const auto row = out.floats().subspan(offset + column * stride, c.rows);
        outcome.got.insert(outcome.got.end(), row.begin(), row.end());
    }
    return outcome;
}

class MatMulFormat : public MatMul, public ::testing::WithParamInterface<const char*> {};

TEST_P(MatMulFormat, EqualsPlainSumsForAwkwardRows) {
    const std::string type = GetParam();
    const std::uint32_t inner = type == "Q6_K" ? 512 : 96;
    for (const std::uint32_t rows : {1U, 3U, 7U, 1007U}) {
        check({.type = type, .rows = rows, .inner = inner, .parts = {{16, 8}, {1, 1}}});
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, MatMulFormat,
                         ::testing::Values("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q6_K"));

TEST_F(MatMul, RowsThatAreNoMultipleOf32ArePadded) {
    for (const std::uint32_t inner : {1U, 4U, 33U, 40U}) check({.type = "F32", .rows = 7, .inner = inner});
    check({.type = "F16", .rows = 5, .inner = 40, .parts = {{8, 8}}});
}

TEST_F(MatMul, AddsToWhatIsThere) {
    check({.rows = 67, .parts = {{8, 8}, {1, 1}}, .mode = ProductMode::Add});
}

TEST_F(MatMul, GatesWithSilu) {
    for (const std::uint32_t rows : {1U, 3U, 1007U}) {
        check({.rows = rows, .parts = {{8, 8}, {1, 1}}, .mode = ProductMode::Gated});
    }
}

TEST_F(MatMul, AddsABias) {
    check({.rows = 67, .parts = {{8, 8}, {1, 1}}, .bias = true});
    check({.rows = 67, .mode = ProductMode::Add, .bias = true});
}

class MatMulBits : public MatMul, public ::testing::WithParamInterface<const char*> {};

TEST_P(MatMulBits, AreTheSameForEveryNumberOfColumns) {
    const std::string type = GetParam();
    for (const ProductMode mode : {ProductMode::Store, ProductMode::Gated}) {
        if (mode == ProductMode::Gated && type != "Q8_0") continue;
        const Outcome one = compute({.type = type, .rows = 131, .parts = {{14, 1}}, .mode = mode});
        const Outcome many = compute({.type = type, .rows = 131, .parts = {{8, 8}, {4, 4}, {2, 2}}, .mode = mode});
        EXPECT_EQ(one.got, many.got) << type;
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, MatMulBits, ::testing::Values("F16", "Q8_0", "Q4_1"));

TEST_F(MatMul, WeightsTakeNoMoreBytesThanTheFile) {
    for (const char* type : {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q6_K"}) {
        const TestMatrix matrix = TestMatrix::make(type, 63, 512, 5);
        const DeviceMatrices loaded(device(), {matrix});
        EXPECT_LE(static_cast<double>(loaded.deviceBytes()), 1.02 * static_cast<double>(matrix.bytes.size())) << type;
    }
}

}  // namespace
}  // namespace kvscope::test
