// SPDX-License-Identifier: Apache-2.0
// The decoders of weight formats in shaders/encode against those of engine/gguf, which are held to the reference bit
// for bit: products of one and of several columns, and rows of an embedding.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/gguf/tensor_type.h"
#include "engine/kernels/products.h"
#include "tests/support/device_matrices.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

constexpr std::uint32_t kRows = 37;
constexpr std::uint32_t kInner = 768;

/// Names of all types that can be decoded.
std::vector<std::string> decodedTypes() {
    std::vector<std::string> names;
    for (const gguf::TensorTypeInfo& row : gguf::tensorTypes()) {
        if (row.canDequantise) names.emplace_back(row.name);
    }
    return names;
}

class WeightFormats : public VulkanTest, public ::testing::WithParamInterface<std::string> {
  protected:
    static void expectProduct(const TestMatrix& matrix, const DeviceMatrices& loaded, std::uint32_t tile);
};

void WeightFormats::expectProduct(const TestMatrix& matrix, const DeviceMatrices& loaded, std::uint32_t tile) {
    const std::vector<float> x = normals(std::size_t{kInner} * tile, 4);
    const vulkan::Buffer in = bufferOf(device(), x);
    constexpr std::uint32_t kStride = (kRows + 3) / 4 * 4;
    Canvas out(device(), std::size_t{kStride} * tile);
    kernels::MatMulArgs args{.weight = loaded.view(), .in = {&in, 0, kInner}, .out = {&out.buffer(), 0, kStride}};
    args.columns = tile;
    args.tile = tile;
    run(library(), {must(kernels::matMul(library(), args))});
    std::vector<float> got;
    std::vector<double> expected;
    for (std::size_t column = 0; column < tile; ++column) {
        out.expectWritten(column * kStride, kRows);
        for (std::size_t row = 0; row < kRows; ++row) {
            double sum = 0;
            for (std::size_t i = 0; i < kInner; ++i) {
                sum +=
                    static_cast<double>(matrix.values[row * kInner + i]) * static_cast<double>(x[column * kInner + i]);
            }
            got.push_back(out.floats()[column * kStride + row]);
            expected.push_back(sum);
        }
    }
    out.check("mat_mul " + matrix.type);
    EXPECT_LT(nmse(got, expected), 1e-11) << matrix.type << ", columns an invocation: " << tile;
}

TEST_P(WeightFormats, ProductsEqualPlainSums) {
    const TestMatrix matrix = TestMatrix::make(GetParam(), kRows, kInner, 21);
    const DeviceMatrices loaded(device(), {matrix});
    for (const std::uint32_t tile : {1U, 2U}) expectProduct(matrix, loaded, tile);
}

// Two products of single precision and a sum a value: nearly the same bits.
TEST_P(WeightFormats, RowsOfAnEmbeddingEqualTheDecodedOnes) {
    const TestMatrix matrix = TestMatrix::make(GetParam(), kRows, kInner, 22);
    const DeviceMatrices loaded(device(), {matrix});
    const std::vector<std::uint32_t> tokens{36, 0, 17};
    std::vector<std::uint32_t> info(4 * tokens.size(), 0);
    for (std::size_t i = 0; i < tokens.size(); ++i) info[4 * i] = tokens[i];
    const vulkan::Buffer columns = bufferOf(device(), info);
    Canvas out(device(), std::size_t{kInner} * tokens.size());
    kernels::EmbedArgs args{.table = loaded.view(), .columnInfo = &columns, .out = {&out.buffer(), 0, kInner}};
    args.columns = static_cast<std::uint32_t>(tokens.size());
    run(library(), {must(kernels::embed(library(), args))});
    std::vector<double> expected;
    for (const std::uint32_t token : tokens) {
        const auto row = std::span(matrix.values).subspan(std::size_t{token} * kInner, kInner);
        expected.insert(expected.end(), row.begin(), row.end());
    }
    EXPECT_LT(nmse(out.floats().first(expected.size()), expected), 1e-13) << GetParam();
}

TEST_P(WeightFormats, TakeNoMoreBytesThanTheFileButForTheTable) {
    const TestMatrix matrix = TestMatrix::make(GetParam(), 63, kInner, 5);
    const DeviceMatrices loaded(device(), {matrix});
    const std::uint64_t tableBytes = loaded.view().format->table.size_bytes();
    EXPECT_LE(static_cast<double>(loaded.deviceBytes() - tableBytes), 1.02 * static_cast<double>(matrix.bytes.size()));
    EXPECT_LE(tableBytes, 4096U);
}

INSTANTIATE_TEST_SUITE_P(Types, WeightFormats, ::testing::ValuesIn(decodedTypes()));

}  // namespace
}  // namespace kvscope::test
