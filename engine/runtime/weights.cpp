// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/weights.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/checked.h"
#include "engine/gguf/dequantise.h"
#include "engine/vulkan/command.h"

namespace kvscope::runtime {

namespace {

constexpr std::uint64_t kReadBytes = 1U << 20U;  ///< of the file at once

/// Copies a part of each of `blocks` blocks: kBytes bytes, which the compiler knows.
template <std::size_t kBytes>
void scatterFixed(std::byte* to, const std::byte* from, std::uint64_t blocks, std::uint64_t stride) {
    for (std::uint64_t b = 0; b < blocks; ++b) std::memcpy(to + b * kBytes, from + b * stride, kBytes);
}

void scatter(std::byte* to, const std::byte* from, std::uint64_t blocks, std::uint64_t stride, std::uint32_t bytes) {
    switch (bytes) {
        case 0:
            return;
        case 1:
            return scatterFixed<1>(to, from, blocks, stride);
        case 2:
            return scatterFixed<2>(to, from, blocks, stride);
        case 4:
            return scatterFixed<4>(to, from, blocks, stride);
        case 8:
            return scatterFixed<8>(to, from, blocks, stride);
        case 16:
            return scatterFixed<16>(to, from, blocks, stride);
        case 32:
            return scatterFixed<32>(to, from, blocks, stride);
        case 64:
            return scatterFixed<64>(to, from, blocks, stride);
        case 128:
            return scatterFixed<128>(to, from, blocks, stride);
        default:
            for (std::uint64_t b = 0; b < blocks; ++b) std::memcpy(to + b * bytes, from + b * stride, bytes);
    }
}

/// Copies whole rows of blocks into the sections, from block `at` on. `sections` has a base for each section. Rows of
/// single values are padded to `blocksPerRow` values.
void scatterRows(const kernels::WeightFormat& format, std::span<const std::byte> rows, std::uint64_t rowBytes,
                 std::span<std::byte* const> sections, std::uint64_t at, std::uint64_t blocksPerRow) {
    if (format.blockValues == 1) {
        for (std::uint64_t begin = 0; begin < rows.size(); begin += rowBytes, at += blocksPerRow) {
            std::memcpy(sections[0] + at * format.blockBytes, rows.data() + begin, rowBytes);
        }
        return;
    }
    for (std::size_t s = 0; s < sections.size(); ++s) {
        const std::uint32_t bytes = format.sectionBytes.at(s);
        scatter(sections[s] + at * bytes, rows.data() + format.sectionOffset.at(s), rows.size() / format.blockBytes,
                format.blockBytes, bytes);
    }
}

/// A device buffer of zeros that `fill` writes to: in place where the device's memory is the host's.
template <typename Fill>
Result<vulkan::Buffer> filledBuffer(vulkan::Device& device, std::uint64_t bytes, const std::string& what,
                                    const Fill& fill) {
    auto buffer = vulkan::Buffer::create(device, bytes, vulkan::MemoryUse::Device, what);
    if (!buffer) return buffer;
    if (buffer->mapped()) {
        if (auto filled = fill(buffer->view<std::byte>().first(bytes)); !filled) return forward(filled);
        return buffer;
    }
    auto staging = vulkan::Buffer::create(device, bytes, vulkan::MemoryUse::Upload, "upload of " + what);
    if (!staging) return staging;
    if (auto filled = fill(staging->view<std::byte>().first(bytes)); !filled) return forward(filled);
    auto list = vulkan::CommandList::begin(device, 0, false);
    if (!list) return forward(list);
    list->copy(*staging, *buffer, bytes);
    if (auto ended = list->end(); !ended) return forward(ended);
    if (auto done = list->submitAndWait(); !done) return forward(done);
    return buffer;
}

/// Rows to load, counted over all parts of a matrix.
struct RowRange {
    std::uint64_t begin = 0, count = 0;
    std::uint64_t blocksPerRow = 0;  ///< on the device
};

/// Reads the rows and puts them into the sections.
template <typename Part>
Result<void> scatterParts(const gguf::File& file, const kernels::WeightFormat& format, std::span<const Part> parts,
                          const RowRange& range, std::span<std::byte* const> sections) {
    std::uint64_t stacked = 0;  // row number over all parts
    std::vector<std::byte> batch;
    for (const Part& part : parts) {
        const std::uint64_t rowBytes = part.tensor->bytes / part.tensor->rows();
        const std::uint64_t end = std::min(stacked + part.rows, range.begin + range.count);
        const std::uint64_t most = std::max<std::uint64_t>(kReadBytes / rowBytes, 1);
        for (std::uint64_t row = std::max(stacked, range.begin); row < end;) {
            const std::uint64_t count = std::min(most, end - row);
            batch.resize(count * rowBytes);
            // read(), not the map: a file that shrinks meanwhile is an error, not a signal
            const std::uint64_t from = (part.rowBegin + row - stacked) * rowBytes;
            if (auto got = file.read(*part.tensor, from, batch); !got) return forward(got);
            for (std::size_t at = 0; format.arrange != nullptr && at < batch.size(); at += format.blockBytes) {
                format.arrange(batch.data() + at);
            }
            scatterRows(format, batch, rowBytes, sections, (row - range.begin) * range.blocksPerRow,
                        range.blocksPerRow);
            row += count;
        }
        stacked += part.rows;
    }
    return {};
}

}  // namespace

DeviceWeights::Part DeviceWeights::whole(const model::TensorRef& ref) const {
    const gguf::TensorInfo& tensor = m_file.tensors()[static_cast<std::size_t>(ref.index)];
    return {&tensor, 0, tensor.rows()};
}

Result<const vulkan::Buffer*> DeviceWeights::upload(std::span<const std::byte> bytes, const std::string& what) {
    auto buffer = filledBuffer(m_device, bytes.size(), what, [&](std::span<std::byte> out) -> Result<void> {
        std::ranges::copy(bytes, out.begin());
        return {};
    });
    if (!buffer) return forward(buffer);
    m_bytes += buffer->bytes();
    m_buffers.push_back(std::move(*buffer));
    return &m_buffers.back();
}

Result<WeightPiece> DeviceWeights::piece(std::span<const Part> parts, std::uint64_t rowBegin, std::uint64_t rows) {
    const gguf::TensorInfo& tensor = *parts.front().tensor;
    const auto* format = kernels::findWeightFormat(gguf::tensorTypeInfo(tensor.type)->name);
    const std::uint64_t runs = ceilDiv(tensor.rowLength(), 32);
    const std::uint64_t blocksPerRow = format->blocksOfRuns(runs);
    std::array<std::uint64_t, 4> base{};
    std::uint64_t size = 0;
    for (std::size_t s = 0; s < 4; ++s) {
        base.at(s) = size;
        size = roundUp(size + format->sectionSize(s, blocksPerRow * rows), 16);
    }
    auto buffer = filledBuffer(m_device, size, "tensor " + tensor.name, [&](std::span<std::byte> out) {
        const std::array<std::byte*, 4> sections{out.data() + base[0], out.data() + base[1], out.data() + base[2],
                                                 out.data() + base[3]};
        std::ranges::copy(std::as_bytes(format->table), sections[kernels::WeightFormat::kTableSection]);
        return scatterParts(m_file, *format, parts, {rowBegin, rows, blocksPerRow}, sections);
    });
    if (!buffer) return forward(buffer);
    m_bytes += buffer->bytes();
    m_buffers.push_back(std::move(*buffer));
    WeightPiece result;
    result.rowBegin = static_cast<std::uint32_t>(rowBegin);
    result.view.format = format;
    result.view.buffer = &m_buffers.back();
    result.view.runs = static_cast<std::uint32_t>(runs);
    result.view.rows = static_cast<std::uint32_t>(rows);
    for (std::size_t s = 0; s < 4; ++s) result.view.sections.at(s) = static_cast<std::uint32_t>(base.at(s) / 4);
    return result;
}

Result<std::uint64_t> DeviceWeights::rowsOfABuffer(const gguf::TensorInfo& tensor,
                                                   const kernels::WeightFormat& format) const {
    const std::uint64_t rowBytes = format.uniqueBytes(ceilDiv(tensor.rowLength(), 32)) + 16;
    const std::uint64_t range = std::min(m_device.physical().storageRange, m_device.physical().allocationLimit);
    const std::uint64_t apart = 64 + format.table.size_bytes();  // padding of sections, and the format's own table
    const std::uint64_t most = range > apart ? (range - apart) / rowBytes : 0;
    if (most == 0) {
        return fail(ErrorKind::OutOfMemory, "tensor " + tensor.name,
                    "one row of {} bytes is more than a buffer may span", rowBytes);
    }
    return most;
}

Result<DeviceMatrix> DeviceWeights::matrix(std::span<const Part> parts, const std::string& key,
                                           std::uint64_t unitRows) {
    if (const auto found = m_shared.find(key); found != m_shared.end()) return found->second;
    const gguf::TensorInfo& tensor = *parts.front().tensor;
    const std::string_view type = gguf::tensorTypeInfo(tensor.type)->name;
    const auto* format = kernels::findWeightFormat(type);
    if (format == nullptr) {
        return fail(ErrorKind::Unsupported, m_file.path().string() + ": tensor " + tensor.name,
                    "weights of type {} cannot be run yet (the file can be inspected)", type);
    }
    std::uint64_t rows = 0;
    for (const Part& part : parts) rows += part.rows;
    auto fits = rowsOfABuffer(tensor, *format);
    if (!fits) return forward(fits);
    const std::uint64_t most = *fits / unitRows * unitRows;
    if (most == 0) {
        return fail(ErrorKind::OutOfMemory, m_file.path().string() + ": tensor " + tensor.name,
                    "{} rows that belong together are more than a buffer may span", unitRows);
    }
    DeviceMatrix matrix;
    matrix.rows = static_cast<std::uint32_t>(rows);
    for (std::uint64_t begin = 0; begin < rows; begin += most) {
        auto made = piece(parts, begin, std::min(most, rows - begin));
        if (!made) return forward(made);
        made->unitBegin = static_cast<std::uint32_t>(begin / unitRows);
        made->units = static_cast<std::uint32_t>(std::min(most, rows - begin) / unitRows);
        matrix.pieces.push_back(std::move(*made));
    }
    m_shared[key] = matrix;
    return matrix;
}

Result<DeviceVector> DeviceWeights::f32Vector(std::span<const Part> parts) {
    std::vector<float> values;
    for (const Part& part : parts) {
        const gguf::TensorInfo& tensor = *part.tensor;
        std::vector<float> all(tensor.values());
        std::vector<std::byte> raw(tensor.bytes);
        if (auto got = m_file.read(tensor, 0, raw); !got) return forward(got);
        if (auto done = gguf::dequantise(tensor.type, raw, all); !done) return forward(done);
        const bool sliced = tensor.rows() == 1 && part.rows != 1;
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(sliced ? part.rowBegin : 0);
        values.insert(values.end(), first, sliced ? first + static_cast<std::ptrdiff_t>(part.rows) : all.end());
    }
    values.resize(roundUp(values.size(), 4));
    auto buffer = upload(std::as_bytes(std::span(values)), "tensor " + parts.front().tensor->name);
    if (!buffer) return forward(buffer);
    return DeviceVector{*buffer, 0};
}

Result<void> DeviceWeights::loadVector(const model::TensorRef& ref) {
    if (!ref.present() || m_vectors.contains(ref.index)) return {};
    const Part part = whole(ref);
    if (part.tensor->type == gguf::TensorType::I32) {
        std::vector<std::byte> raw(part.tensor->bytes);
        if (auto got = m_file.read(*part.tensor, 0, raw); !got) return forward(got);
        auto buffer = upload(raw, "tensor " + part.tensor->name);
        if (!buffer) return forward(buffer);
        m_vectors[ref.index] = {*buffer, 0};
        return {};
    }
    auto made = f32Vector(std::array{part});
    if (!made) return forward(made);
    m_vectors[ref.index] = *made;
    return {};
}

namespace {

/// Whether the next part of a product lands right behind the one before, so that both can be one matrix.
bool follows(const model::ProductPart& next, const model::ProductPart& before) {
    return next.out.slot == before.out.slot && next.out.offset == before.out.offset + before.out.width &&
           next.bias.present() == before.bias.present() && next.scale == before.scale;
}

}  // namespace

Result<void> DeviceWeights::load(std::size_t index, const model::ProductOp& op) {
    auto& matrices = m_products[index];
    auto& firsts = m_firstParts[index];
    for (std::size_t begin = 0; begin < op.parts.size();) {
        std::vector<Part> parts;
        std::vector<Part> biases;
        std::string key = op.groups > 1 ? fmt::format("{} blocks ", op.groups) : std::string();
        std::size_t end = begin;
        for (; end < op.parts.size(); ++end) {
            const model::ProductPart& source = op.parts[end];
            Part part = whole(source.weight);
            if (end > begin && (part.tensor->type != parts.front().tensor->type || op.groups > 1 ||
                                !follows(source, op.parts[end - 1]))) {
                break;
            }
            part.rowBegin = source.rowBegin;
            part.rows = source.rowCount != 0 ? source.rowCount : part.rows - source.rowBegin;
            parts.push_back(part);
            key += fmt::format("{}:{}+{};", source.weight.index, part.rowBegin, part.rows);
            if (source.bias.present()) {
                biases.push_back({whole(source.bias).tensor, source.rowBegin, part.rows});
            }
        }
        auto made = matrix(parts, key, op.groups > 1 ? parts.front().rows / op.groups : 1);
        if (!made) return forward(made);
        if (!biases.empty()) {
            auto bias = f32Vector(biases);
            if (!bias) return forward(bias);
            made->bias = bias->buffer;
            made->biasOffset = bias->offset;
        }
        matrices.push_back(std::move(*made));
        firsts.push_back(begin);
        begin = end;
    }
    return {};
}

Result<void> DeviceWeights::load(std::size_t index, const model::GatedOp& op) {
    const Part gate{whole(op.gate).tensor, op.gateBegin, op.out.width};
    const Part up{whole(op.up).tensor, op.upBegin, op.out.width};
    if (gate.tensor->type != up.tensor->type) {
        return fail(ErrorKind::Unsupported, m_file.path().string() + ": tensor " + up.tensor->name,
                    "its type {} differs from {} of {}; gate and up projections must have one type",
                    gguf::tensorTypeInfo(up.tensor->type)->name, gguf::tensorTypeInfo(gate.tensor->type)->name,
                    gate.tensor->name);
    }
    const auto* format = kernels::findWeightFormat(gguf::tensorTypeInfo(gate.tensor->type)->name);
    if (format == nullptr) return forward(matrix(std::array{gate, up}, gate.tensor->name));  // says what cannot be run
    auto most = rowsOfABuffer(*gate.tensor, *format);
    if (!most) return forward(most);
    DeviceMatrix both;
    both.rows = static_cast<std::uint32_t>(gate.rows + up.rows);
    // a piece holds some rows of the gate and then the same rows of the up projection
    const std::uint64_t each = std::max<std::uint64_t>(*most / 2, 1);
    for (std::uint64_t begin = 0; begin < gate.rows; begin += each) {
        const std::uint64_t rows = std::min(each, gate.rows - begin);
        const std::array parts{Part{gate.tensor, gate.rowBegin + begin, rows},
                               Part{up.tensor, up.rowBegin + begin, rows}};
        auto made = piece(parts, 0, 2 * rows);
        if (!made) return forward(made);
        made->rowBegin = static_cast<std::uint32_t>(begin);
        both.pieces.push_back(std::move(*made));
    }
    m_products[index].push_back(std::move(both));
    return {};
}

Result<void> DeviceWeights::load(std::size_t index, const model::EmbedOp& op) {
    const Part table = whole(op.table);
    auto made = matrix(std::array{table}, fmt::format("{}:{}+{};", op.table.index, 0, table.rows));
    if (!made) return forward(made);
    m_products[index].push_back(std::move(*made));
    return {};
}

Result<void> DeviceWeights::load(std::size_t, const model::NormOp& op) {
    return loadVector(op.gain);
}
Result<void> DeviceWeights::load(std::size_t, const model::MapOp& op) {
    return loadVector(op.gain);
}
Result<void> DeviceWeights::load(std::size_t, const model::AttendOp& op) {
    return loadVector(op.sinks);
}
Result<void> DeviceWeights::load(std::size_t, const model::CompressOp& op) {
    return loadVector(op.ape);
}
Result<void> DeviceWeights::load(std::size_t, const model::HyperOp& op) {
    if (auto done = loadVector(op.base); !done) return done;
    return loadVector(op.scale);
}
Result<void> DeviceWeights::load(std::size_t, const model::RouteOp& op) {
    if (auto done = loadVector(op.bias); !done) return done;
    if (auto done = loadVector(op.table); !done) return done;
    return loadVector(op.gain);
}

Result<void> DeviceWeights::load(std::size_t index, const model::ExpertGatedOp& op) {
    const Part gate = whole(op.gate);
    std::vector<Part> parts;
    std::string key = fmt::format("experts {} {}", op.gate.index, op.up.index);
    const std::uint64_t rows = op.out.width / op.used;
    if (op.up.present()) {
        const Part up = whole(op.up);
        if (gate.tensor->type != up.tensor->type) {
            return fail(ErrorKind::Unsupported, m_file.path().string() + ": tensor " + up.tensor->name,
                        "its type {} differs from {} of {}; gate and up projections of experts must have one type",
                        gguf::tensorTypeInfo(up.tensor->type)->name, gguf::tensorTypeInfo(gate.tensor->type)->name,
                        gate.tensor->name);
        }
        for (std::uint64_t expert = 0; expert < op.experts; ++expert) {
            parts.push_back({gate.tensor, expert * rows, rows});
            parts.push_back({up.tensor, expert * rows, rows});
        }
    } else {
        parts.push_back(gate);
    }
    auto made = matrix(parts, key, 2 * rows);
    if (!made) return forward(made);
    m_products[index].push_back(std::move(*made));
    return {};
}

Result<void> DeviceWeights::load(std::size_t index, const model::ExpertDownOp& op) {
    auto made = matrix(std::array{whole(op.down)}, fmt::format("experts {}", op.down.index), op.out.width);
    if (!made) return forward(made);
    m_products[index].push_back(std::move(*made));
    return {};
}

Result<void> DeviceWeights::load(const model::Program& program, const Progress& progress, std::stop_token stop) {
    const std::size_t count = program.operations.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "", "loading was cancelled");
        if (progress) progress(static_cast<float>(i) / static_cast<float>(count), "weights");
        const auto done = std::visit([&](const auto& op) { return load(i, op); }, program.operations[i]);
        if (!done) return done;
    }
    return {};
}

}  // namespace kvscope::runtime
