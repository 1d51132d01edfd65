// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/weight_speed.h"

#include "engine/base/checked.h"
#include "engine/base/rng.h"
#include "engine/gguf/dequantise.h"
#include "engine/gguf/writer.h"
#include "engine/kernels/products.h"
#include "engine/runtime/engine_impl.h"
#include "engine/vulkan/command.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <iterator>
#include <memory>
#include <utility>

namespace kvscope::runtime {

namespace {

constexpr std::string_view kBase = "Q8_0";
constexpr double kSubmissionSeconds = 0.005;  ///< as many products a submission as take about this long
constexpr double kMostProducts = 512;

const gguf::TensorTypeInfo* findType(std::string_view name) {
    for (const gguf::TensorTypeInfo& info : gguf::tensorTypes()) {
        if (info.name == name && kernels::findWeightFormat(name) != nullptr) return &info;
    }
    return nullptr;
}

/// Blocks of normal values where the type has an encoder, else of random bits: how long decoding takes does not depend
/// on them.
std::vector<std::byte> randomBlocks(const gguf::TensorTypeInfo& info, std::span<const float> normals) {
    std::vector<std::byte> bytes(normals.size() / info.blockValues * info.blockBytes);
    if (info.type == gguf::TensorType::F64) {
        const std::vector<double> wide(normals.begin(), normals.end());
        std::ranges::copy(std::as_bytes(std::span(wide)), bytes.begin());
    } else if (!gguf::quantise(info.type, normals, bytes)) {
        Rng rng(1);
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng.next() & 0xFFU);
    }
    return bytes;
}

/// One matrix on the device, put there by the loader that models go through, and products with it.
struct Bed {
    std::unique_ptr<gguf::File> file;
    std::unique_ptr<DeviceWeights> weights;
    vulkan::Buffer out;
    std::unique_ptr<vulkan::CommandList> products;
    std::uint32_t count = 0;  ///< products a submission
};

Result<vulkan::Buffer> inputVector(vulkan::Device& device, std::span<const float> values) {
    const auto bytes = std::as_bytes(values);
    auto staging = vulkan::Buffer::create(device, bytes.size(), vulkan::MemoryUse::Upload, "a vector to measure with");
    if (!staging) return staging;
    std::ranges::copy(bytes, staging->view<std::byte>().begin());
    auto buffer = vulkan::Buffer::create(device, bytes.size(), vulkan::MemoryUse::Device, "a vector to measure with");
    if (!buffer) return buffer;
    auto list = vulkan::CommandList::begin(device, 0, false);
    if (!list) return forward(list);
    list->copy(*staging, *buffer, bytes.size());
    if (auto ended = list->end(); !ended) return forward(ended);
    if (auto done = list->submitAndWait(); !done) return forward(done);
    return buffer;
}

class Measurement {
  public:
    Measurement(Engine& engine, MatrixSize size) : m_impl(engine.impl()), m_size(size) {}

    Result<void> prepare();
    Result<Bed> bed(const gguf::TensorTypeInfo& info);
    /// Records so many products that a submission takes about kSubmissionSeconds: as many as `like` has, if given.
    Result<void> calibrate(Bed& bed, const Bed* like);
    /// Seconds of one product.
    Result<double> time(Bed& bed) const;

  private:
    Result<void> record(Bed& bed, std::uint32_t count);

    Engine::Impl& m_impl;
    MatrixSize m_size;
    std::vector<float> m_normals;
    vulkan::Buffer m_in;
};

Result<void> Measurement::prepare() {
    Rng rng(2);
    m_normals.resize(std::size_t{m_size.rows} * m_size.columns);
    for (float& value : m_normals) value = rng.uniform(-1, 1);
    auto in = inputVector(*m_impl.device, std::span(m_normals).first(m_size.columns));
    if (!in) return forward(in);
    m_in = std::move(*in);
    return {};
}

Result<Bed> Measurement::bed(const gguf::TensorTypeInfo& info) {
    gguf::Writer writer;
    const std::array<std::uint64_t, 2> dims{m_size.columns, m_size.rows};
    if (auto added = writer.addTensorBytes("matrix", dims, info.type, randomBlocks(info, m_normals)); !added) {
        return forward(added);
    }
    auto file = gguf::File::fromBytes(writer.bytes(), fmt::format("random weights of type {}", info.name));
    if (!file) return forward(file);
    Bed bed;
    bed.file = std::make_unique<gguf::File>(std::move(*file));
    bed.weights = std::make_unique<DeviceWeights>(*m_impl.device, *bed.file);
    model::Program program;
    program.operations.emplace_back(model::ProductOp{.parts = {{.weight = {0}}}});
    if (auto loaded = bed.weights->load(program, {}, {}); !loaded) return forward(loaded);
    auto out = vulkan::Buffer::create(*m_impl.device, roundUp(std::uint64_t{m_size.rows} * 4, 16),
                                      vulkan::MemoryUse::Device, "a product to measure");
    if (!out) return forward(out);
    bed.out = std::move(*out);
    return bed;
}

Result<void> Measurement::record(Bed& bed, std::uint32_t count) {
    auto list = vulkan::CommandList::begin(*m_impl.device, count, false);
    if (!list) return forward(list);
    const DeviceMatrix& matrix = bed.weights->product(0).front();
    kernels::MatMulArgs args{.weight = matrix.pieces.front().view,
                             .in = {&m_in, 0, m_size.columns},
                             .out = {&bed.out, 0, static_cast<std::uint32_t>(roundUp(m_size.rows, 4))}};
    const auto dispatch = kernels::matMul(*m_impl.library, args);
    if (!dispatch) return forward(dispatch);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (auto recorded = m_impl.library->record(*list, *dispatch); !recorded) return recorded;
    }
    if (auto ended = list->end(); !ended) return ended;
    bed.products = std::make_unique<vulkan::CommandList>(std::move(*list));
    bed.count = count;
    return {};
}

Result<void> Measurement::calibrate(Bed& bed, const Bed* like) {
    if (like != nullptr) {
        if (auto recorded = record(bed, like->count); !recorded) return recorded;
        return bed.products->submitAndWait();
    }
    if (auto recorded = record(bed, 1); !recorded) return recorded;
    double best = 1;
    for (int i = 0; i < 5; ++i) {
        const auto seconds = time(bed);
        if (!seconds) return forward(seconds);
        best = std::min(best, *seconds);
    }
    return record(bed,
                  static_cast<std::uint32_t>(std::clamp(std::ceil(kSubmissionSeconds / best), 1.0, kMostProducts)));
}

Result<double> Measurement::time(Bed& bed) const {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t startCpu = std::clock();
    if (auto done = bed.products->submitAndWait(); !done) return forward(done);
    const std::clock_t endCpu = std::clock();
    const double seconds = m_impl.device->physical().isCpu()
                               ? static_cast<double>(endCpu - startCpu) / CLOCKS_PER_SEC
                               : std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return seconds / bed.count;
}

Result<std::vector<WeightSpeed>> measureSize(Engine& engine, MatrixSize size,
                                             std::span<const gguf::TensorTypeInfo* const> types,
                                             const WeightSpeedOptions& options, const std::stop_token& stop) {
    Measurement measurement(engine, size);
    if (auto ready = measurement.prepare(); !ready) return forward(ready);
    auto base = measurement.bed(*findType(kBase));
    if (!base) return forward(base);
    if (auto done = measurement.calibrate(*base, nullptr); !done) return forward(done);
    std::vector<Bed> beds;
    std::vector<WeightSpeed> speeds;
    for (const gguf::TensorTypeInfo* info : types) {
        if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "", "interrupted");
        if (options.progress) options.progress(fmt::format("{} × {}: {}", size.rows, size.columns, info->name));
        auto bed = measurement.bed(*info);
        if (!bed) return forward(bed);
        if (auto done = measurement.calibrate(*bed, &*base); !done) return forward(done);
        beds.push_back(std::move(*bed));
        const std::uint64_t blocks = std::uint64_t{size.rows} * size.columns / info->blockValues;
        speeds.push_back({std::string(info->name), size, blocks * info->blockBytes, {}, {}});
    }
    for (std::uint32_t repeat = 0; repeat < options.repeats; ++repeat) {
        for (std::size_t i = 0; i < beds.size(); ++i) {
            if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "", "interrupted");
            const auto before = measurement.time(*base);
            if (!before) return forward(before);
            const auto seconds = measurement.time(beds[i]);
            if (!seconds) return forward(seconds);
            speeds[i].seconds.push_back(*seconds);
            speeds[i].ratios.push_back(*seconds / *before);
        }
    }
    return speeds;
}

}  // namespace

std::vector<std::string_view> weightTypes() {
    std::vector<std::string_view> names;
    for (const gguf::TensorTypeInfo& info : gguf::tensorTypes()) {
        if (kernels::findWeightFormat(info.name) != nullptr) names.push_back(info.name);
    }
    return names;
}

Result<std::vector<WeightSpeed>> measureWeightSpeed(Engine& engine, const WeightSpeedOptions& options,
                                                    std::stop_token stop) {
    std::vector<std::string> names = options.types;
    if (names.empty()) {
        for (const std::string_view name : weightTypes()) names.emplace_back(name);
    }
    std::vector<const gguf::TensorTypeInfo*> types;
    for (const std::string& name : names) {
        types.push_back(findType(name));
        if (types.back() == nullptr) {
            return fail(ErrorKind::BadUsage, "weight type", "kernels read no weights of type {}; they read {}", name,
                        fmt::join(weightTypes(), ", "));
        }
    }
    std::vector<WeightSpeed> all;
    for (const MatrixSize size : options.sizes) {
        if (size.rows == 0 || size.columns == 0 || size.columns % 256 != 0) {
            return fail(ErrorKind::BadUsage, "matrix to measure",
                        "{} × {} has no whole blocks of 256 values in its rows", size.rows, size.columns);
        }
        auto speeds = measureSize(engine, size, types, options, stop);
        if (!speeds) return speeds;
        std::ranges::move(*speeds, std::back_inserter(all));
    }
    return all;
}

}  // namespace kvscope::runtime
