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
#include "tests/support/vulkan_fixture.h"

namespace kvscope::test {
namespace {

const gguf::TensorTypeInfo& typeInfo(const std::string& name) {
    for (const gguf::TensorTypeInfo& row : gguf::tensorTypes()) {
        if (row.name == name) return row;
    }
    throw std::runtime_error("no tensor type is called " + name);
}

}  // namespace

TestMatrix TestMatrix::make(const std::string& type, std::uint32_t rows, std::uint32_t columns, std::uint64_t seed) {
    const gguf::TensorTypeInfo& info = typeInfo(type);
    TestMatrix matrix{.type = type, .rows = rows, .columns = columns};
    const std::size_t blocks = std::size_t{rows} * columns / info.blockValues;
    matrix.bytes.resize(blocks * info.blockBytes);
    matrix.values.resize(std::size_t{rows} * columns);
    if (type == "Q6_K") {
        Rng rng(seed);
        for (std::byte& byte : matrix.bytes) byte = static_cast<std::byte>(rng.next() & 0xFFU);
        for (std::size_t b = 0; b < blocks; ++b) {
            const std::uint16_t d = floatToHalf(rng.uniform(0.0002F, 0.001F));
            matrix.bytes[b * info.blockBytes + 208] = static_cast<std::byte>(d & 0xFFU);
            matrix.bytes[b * info.blockBytes + 209] = static_cast<std::byte>(d >> 8U);
        }
    } else {
        must(gguf::quantise(info.type, normals(matrix.values.size(), seed), matrix.bytes));
    }
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
    if (gated) m_program.operations.emplace_back(model::GatedOp{.gate = {0}, .up = {1}});
    if (!bias.empty()) {
        const std::array<std::uint64_t, 1> dims{bias.size()};
        must(writer.addTensor("bias", dims, gguf::TensorType::F32, bias));
    }
    m_file = std::make_unique<gguf::File>(must(gguf::File::fromBytes(writer.bytes(), "matrices.gguf")));
    m_weights = std::make_unique<runtime::DeviceWeights>(device, *m_file);
    must(m_weights->load(m_program, {}, std::stop_token{}));
}

}  // namespace kvscope::test
