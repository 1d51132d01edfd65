// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/reference/op_bench.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "engine/gguf/writer.h"

namespace kvscope::test {
namespace {

std::vector<std::byte> toBytes(std::span<const std::int32_t> values) {
    std::vector<std::byte> bytes(values.size_bytes());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

}  // namespace

std::vector<float> noise(std::uint32_t seed, std::size_t count) {
    std::vector<float> values(count);
    std::uint32_t state = seed * 2654435761U + 12345U;
    for (float& value : values) {
        for (int i = 0; i < 2; ++i) state = state * 1664525U + 1013904223U;
        value = static_cast<float>(state >> 8U) / static_cast<float>(1U << 23U) - 1;
    }
    return values;
}

std::vector<std::int32_t> firstTokens(std::size_t count) {
    std::vector<std::int32_t> tokens(count);
    std::iota(tokens.begin(), tokens.end(), 0);
    return tokens;
}

OpBench::OpBench(std::uint32_t width, std::vector<float> columns)
    : m_width(width), m_columns(std::move(columns)), m_slots{width, 1, 1, 1, 1, 1} {
    const model::TensorRef table = weight({m_width, tokens()}, m_columns);
    add(model::EmbedOp{.table = table, .out = in()});
}

model::View OpBench::slot(std::uint32_t width) {
    m_slots.push_back(width);
    return {static_cast<model::Slot>(m_slots.size() - 1), 0, width};
}

model::TensorRef OpBench::weight(std::vector<std::uint64_t> dims, std::vector<float> values) {
    m_tensors.push_back({std::move(dims), std::move(values), {}});
    return {static_cast<std::int32_t>(m_tensors.size() - 1)};
}

model::TensorRef OpBench::indices(std::vector<std::uint64_t> dims, std::vector<std::int32_t> values) {
    m_tensors.push_back({std::move(dims), {}, std::move(values)});
    return {static_cast<std::int32_t>(m_tensors.size() - 1)};
}

std::uint32_t OpBench::addStream(const model::CacheStream& stream) {
    m_layout.streams.push_back(stream);
    return static_cast<std::uint32_t>(m_layout.streams.size() - 1);
}

std::uint32_t OpBench::addState() {
    m_layout.states.push_back({});
    return static_cast<std::uint32_t>(m_layout.states.size() - 1);
}

reference::Forward OpBench::make(const model::View& out) const {
    gguf::Writer writer;
    writer.addString("general.architecture", "bench");
    model::Program program;
    for (std::size_t i = 0; i < m_tensors.size(); ++i) {
        const Tensor& tensor = m_tensors[i];
        const std::string name = "t" + std::to_string(i);
        const auto added =
            tensor.indices.empty()
                ? writer.addTensor(name, tensor.dims, gguf::TensorType::F32, tensor.values)
                : writer.addTensorBytes(name, tensor.dims, gguf::TensorType::I32, toBytes(tensor.indices));
        if (!added) throw std::runtime_error(added.error().text());
        program.used.push_back({static_cast<std::int32_t>(i)});
    }
    const auto file = gguf::File::fromBytes(writer.bytes(), "bench.gguf");
    if (!file) throw std::runtime_error(file.error().text());
    program.hparams.nLayers = 1;
    program.hparams.nVocab = tokens();
    program.layout = m_layout;
    program.slotWidths = m_slots;
    program.slotWidths[static_cast<std::size_t>(model::Slot::Logits)] = out.width;
    program.operations = m_operations;
    program.operations.emplace_back(model::MapOp{
        .kind = model::MapKind::Scale, .a = out, .out = program.whole(model::Slot::Logits), .lastColumnsOnly = true});
    auto forward = reference::Forward::create(*file, program);
    if (!forward) throw std::runtime_error(forward.error().text());
    return std::move(*forward);
}

std::vector<float> OpBench::run(const model::View& out, const std::vector<std::size_t>& chunks) const {
    reference::Forward forward = make(out);
    const std::vector<std::int32_t> ids = firstTokens(tokens());
    std::vector<float> result;
    std::size_t begin = 0;
    for (std::size_t turn = 0; begin < ids.size(); ++turn) {
        const std::size_t wanted = chunks.empty() ? ids.size() : chunks[turn % chunks.size()];
        const std::size_t count = std::min(wanted, ids.size() - begin);
        const auto output = forward.run(std::span(ids).subspan(begin, count));
        if (!output) throw std::runtime_error(output.error().text());
        result.insert(result.end(), output->logits.begin(), output->logits.end());
        begin += count;
    }
    return result;
}

}  // namespace kvscope::test
