// SPDX-License-Identifier: Apache-2.0
#include "tests/support/device_matrices.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <stop_token>

#include "engine/base/half.h"
#include "engine/base/rng.h"
#include "engine/gguf/dequantise.h"
#include "engine/gguf/writer.h"
#include "tests/support/block_scales.h"
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

const gguf::TensorTypeInfo& typeInfo(const std::string& name) {
    for (const gguf::TensorTypeInfo& row : gguf::tensorTypes()) {
        if (row.name == name) return row;
    }
    throw std::runtime_error("no tensor type is called " + name);
}

/// Random blocks with small scales, for types that have no encoder.
void fillBlocks(const gguf::TensorTypeInfo& info, std::span<std::byte> bytes, std::uint64_t seed) {
    Rng rng(seed);
    if (info.type == gguf::TensorType::F64) {
        const std::vector<float> singles = normals(bytes.size() / 8, seed);
        const std::vector<double> doubles(singles.begin(), singles.end());
        std::ranges::copy(std::as_bytes(std::span(doubles)), bytes.begin());
        return;
    }
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng.next() & 0xFFU);
    for (std::size_t at = 0; at < bytes.size(); at += info.blockBytes) {
        setBlockScales(info, bytes.subspan(at, info.blockBytes), floatToHalf(rng.uniform(0.0002F, 0.001F)));
        if (info.type == gguf::TensorType::MXFP4) bytes[at] = static_cast<std::byte>(118 + (rng.next() & 7U));
    }
}

}  // namespace

TestMatrix TestMatrix::make(const std::string& type, std::uint32_t rows, std::uint32_t columns, std::uint64_t seed) {
    const gguf::TensorTypeInfo& info = typeInfo(type);
    TestMatrix matrix{.type = type, .rows = rows, .columns = columns};
    const std::size_t blocks = std::size_t{rows} * columns / info.blockValues;
    matrix.bytes.resize(blocks * info.blockBytes);
    matrix.values.resize(std::size_t{rows} * columns);
    if (!gguf::quantise(info.type, normals(matrix.values.size(), seed), matrix.bytes))
        fillBlocks(info, matrix.bytes, seed);
    must(gguf::dequantise(info.type, matrix.bytes, matrix.values));
    return matrix;
}

DeviceMatrices::DeviceMatrices(vulkan::Device& device, const std::vector<TestMatrix>& matrices, bool gated,
                               const std::vector<float>& bias) {
    gguf::Writer writer;
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        const std::array<std::uint64_t, 2> dims{matrices[i].columns, matrices[i].rows};
        must(writer.addTensorBytes("matrix." + std::to_string(i), dims, typeInfo(matrices[i].type).type,
                                   matrices[i].bytes));
        if (!gated) {
            model::ProductPart part{.weight = {static_cast<std::int32_t>(i)}};
            if (!bias.empty()) part.bias = {static_cast<std::int32_t>(matrices.size())};
            m_program.operations.emplace_back(model::ProductOp{.parts = {part}});
        }
    }
    if (gated) {
        m_program.operations.emplace_back(
            model::GatedOp{.out = {.width = matrices.front().rows}, .gate = {0}, .up = {1}});
    }
    if (!bias.empty()) {
        const std::array<std::uint64_t, 1> dims{bias.size()};
        must(writer.addTensor("bias", dims, gguf::TensorType::F32, bias));
    }
    m_file = std::make_unique<gguf::File>(must(gguf::File::fromBytes(writer.bytes(), "matrices.gguf")));
    m_weights = std::make_unique<runtime::DeviceWeights>(device, *m_file);
    must(m_weights->load(m_program, {}, std::stop_token{}));
}

}  // namespace kvscope::test
