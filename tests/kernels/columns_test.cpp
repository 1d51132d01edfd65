// SPDX-License-Identifier: Apache-2.0
// Kernels that work on whole columns: embed and norm.
#include <cmath>
#include <string>
#include <vector>

#include "engine/kernels/products.h"
#include "tests/support/device_matrices.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

/// One product with a scale: single precision against double.
constexpr double kEmbedLimit = 1e-13;
/// A sum of squares and a root.
constexpr double kNormLimit = 1e-12;

class Embed : public VulkanTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(Embed, TakesTheTokensRowsAndScalesThem) {
    const std::string type = GetParam();
    const std::uint32_t width = type == "Q6_K" ? 256 : 96;
    const TestMatrix table = TestMatrix::make(type, 37, width, 21);
    const DeviceMatrices loaded(device(), {table});
    const std::vector<std::uint32_t> tokens{36, 0, 5, 5, 17};
    std::vector<std::uint32_t> info;
    for (const std::uint32_t token : tokens) info.insert(info.end(), {token, 99, 99, 0});
    const vulkan::Buffer columns = bufferOf(device(), info);
    const std::uint32_t stride = width + 8;
    Canvas out(device(), std::size_t{stride} * tokens.size() + 64);
    std::vector<double> expected;
    for (std::size_t c = 0; c < tokens.size(); ++c) {
        out.expectWritten(c * stride, width);
        for (std::size_t i = 0; i < width; ++i) {
            expected.push_back(static_cast<double>(table.values[tokens[c] * width + i]) * 2.5);
        }
    }
    const kernels::EmbedArgs args{.table = loaded.view(),
                                  .columnInfo = &columns,
                                  .out = {&out.buffer(), 0, stride},
                                  .columns = static_cast<std::uint32_t>(tokens.size()),
                                  .scale = 2.5F};
    run(library(), {must(kernels::embed(library(), args))});
    out.check("embed " + type);
    std::vector<float> got;
    for (std::size_t c = 0; c < tokens.size(); ++c) {
        const auto row = out.floats().subspan(c * stride, width);
        got.insert(got.end(), row.begin(), row.end());
    }
    EXPECT_LT(nmse(got, expected), kEmbedLimit) << type;
}

INSTANTIATE_TEST_SUITE_P(Formats, Embed,
                         ::testing::Values("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q6_K"));

class Columns : public VulkanTest {};

TEST_F(Columns, EmbedLeavesTokensOfOtherPiecesAlone) {
    const TestMatrix table = TestMatrix::make("F32", 8, 32, 22);
    const DeviceMatrices loaded(device(), {table});
    const std::vector<std::uint32_t> info{99, 0, 0, 0, 101, 0, 0, 0, 107, 0, 0, 0, 108, 0, 0, 0};
    const vulkan::Buffer columns = bufferOf(device(), info);
    Canvas out(device(), 4 * 32 + 16);
    out.expectWritten(32, 64);
    kernels::EmbedArgs args{
        .table = loaded.view(), .columnInfo = &columns, .out = {&out.buffer(), 0, 32}, .columns = 4};
    args.rowBegin = 100;
    run(library(), {must(kernels::embed(library(), args))});
    out.check("embed, tokens 100 to 107");
    EXPECT_EQ(out.floats()[32], table.values[32]);
    EXPECT_EQ(out.floats()[64 + 31], table.values[7 * 32 + 31]);
}

TEST_F(Columns, NormEqualsThePlainFormula) {
    for (const std::uint32_t width : {4U, 12U, 36U, 576U, 1008U}) {
        const std::uint32_t columns = 3;
        const std::uint32_t inStride = width + 4;
        const std::uint32_t outStride = width + 12;
        const std::vector<float> x = normals(std::size_t{columns} * inStride, 23);
        const std::vector<float> gain = normals(8 + width, 24);
        const vulkan::Buffer in = bufferOf(device(), x);
        const vulkan::Buffer gains = bufferOf(device(), gain);
        Canvas out(device(), std::size_t{columns} * outStride + 32);
        std::vector<double> expected;
        for (std::size_t c = 0; c < columns; ++c) {
            out.expectWritten(c * outStride, width);
            double squares = 0;
            for (std::size_t i = 0; i < width; ++i) squares += std::pow(static_cast<double>(x[c * inStride + i]), 2);
            const double root = std::sqrt(squares / width + static_cast<double>(1e-5F));
            for (std::size_t i = 0; i < width; ++i) {
                expected.push_back(static_cast<double>(gain[8 + i]) * static_cast<double>(x[c * inStride + i]) / root);
            }
        }
        const kernels::NormArgs args{.in = {&in, 0, inStride},
                                     .out = {&out.buffer(), 0, outStride},
                                     .gain = &gains,
                                     .gainOffset = 8,
                                     .width = width,
                                     .columns = columns,
                                     .eps = 1e-5F};
        run(library(), {must(kernels::norm(library(), args))});
        out.check("norm");
        std::vector<float> got;
        for (std::size_t c = 0; c < columns; ++c) {
            const auto row = out.floats().subspan(c * outStride, width);
            got.insert(got.end(), row.begin(), row.end());
        }
        EXPECT_LT(nmse(got, expected), kNormLimit) << "width " << width;
    }
}

}  // namespace
}  // namespace kvscope::test
