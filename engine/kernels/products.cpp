// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/products.h"

#include <algorithm>

#include "engine/base/assert.h"
#include "engine/base/checked.h"
#include "shaders/shared/constants.h"
#include "shaders/shared/embed.h"
#include "shaders/shared/mat_mul.h"
#include "shaders/shared/norm.h"

namespace kvscope::kernels {

namespace {

constexpr std::uint32_t kRowsPerLane = 4;

std::uint32_t groups(std::uint64_t items, std::uint64_t each) {
    return static_cast<std::uint32_t>(ceilDiv(items, each));
}

/// Rows that one block of the product gives.
std::uint32_t rowsOut(const MatMulArgs& args) {
    const std::uint32_t matrices = args.route != nullptr ? args.experts : args.blocks;
    return args.weight.rows / matrices / (args.mode == ProductMode::Gated ? 2 : 1);
}

Traffic matMulTraffic(const KernelLibrary& library, const MatMulArgs& args, std::uint32_t tile) {
    Traffic traffic;
    const bool gated = args.mode == ProductMode::Gated;
    const std::uint64_t rows = rowsOut(args);
    const std::uint64_t lanes = ceilDiv(rows, gated ? kRowsPerLane / 2 : kRowsPerLane);
    const std::uint64_t subgroups = ceilDiv(lanes, std::min(library.subgroupSize(), library.plainLanes()));
    const std::uint64_t tiles = args.columns / tile * args.blocks;
    const std::uint64_t columns = std::uint64_t{args.columns} * args.blocks;
    const std::uint64_t runs = args.weight.runs;
    auto& weights = traffic.category[shared::kCatWeights];
    weights.requested = lanes * kRowsPerLane * runs * args.weight.format->runRequested * tiles;
    // experts: as if every column chose others, up to all of them
    const std::uint64_t matrices = args.route == nullptr ? args.blocks : std::min<std::uint64_t>(args.experts, columns);
    weights.unique = args.weight.format->uniqueBytes(rows * (gated ? 2 : 1) * matrices * runs);
    auto& activations = traffic.category[shared::kCatActivations];
    activations.requested = subgroups * runs * 128 * columns;
    activations.unique = runs * 128 * (args.inStep == 0 ? args.columns : columns);
    activations.written = rows * 4 * columns;
    if (args.route != nullptr) {
        activations.requested += subgroups * 4 * columns;
        activations.unique += 4 * columns;
    }
    if (args.mode == ProductMode::Add) {
        activations.requested += rows * 4 * columns;
        activations.unique += rows * 4 * columns;
    }
    if (args.bias != nullptr) {
        weights.requested += rows * 4 * columns;
        weights.unique += rows * 4;
    }
    traffic.flops = 2 * rows * (gated ? 2 : 1) * runs * 32 * columns;
    return traffic;
}

}  // namespace

std::uint32_t productTile(const KernelLibrary& library) {
    return library.device().physical().isCpu() ? 4 : 8;
}

Result<Dispatch> matMul(KernelLibrary& library, const MatMulArgs& args) {
    const std::uint32_t tile = args.tile;
    KVS_ASSERT(args.in.offset % 4 == 0 && args.inStep % 4 == 0 && (args.route == nullptr || tile == 1));
    KVS_ASSERT(tile <= 8 && (tile & (tile - 1)) == 0 && args.columns % tile == 0);
    const std::uint32_t lanes = library.plainLanes();
    const auto pipeline = library.get(
        "mat_mul", lanes,
        {args.weight.format->id, tile, static_cast<std::uint32_t>(args.mode), args.bias != nullptr ? 1U : 0U,
         args.gelu ? shared::kGelu : shared::kSilu, args.clampAt > 0 ? 1U : 0U, args.route != nullptr ? 1U : 0U},
        sizeof(shared::MatMulPush));
    if (!pipeline) return forward(pipeline);
    const bool gated = args.mode == ProductMode::Gated;
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    shared::MatMulPush push{};
    push.section0 = args.weight.sections[0];
    push.section1 = args.weight.sections[1];
    push.section2 = args.weight.sections[2];
    push.section3 = args.weight.sections[3];
    push.blocks = args.weight.runs;
    push.rows = rowsOut(args);
    push.colBegin = args.columnBegin;
    push.inOffset = args.in.offset;
    push.inStride = args.in.stride;
    push.outOffset = args.out.offset;
    push.outStride = args.out.stride;
    push.biasOffset = args.biasOffset;
    push.inStep = args.inStep;
    push.outStep = args.outStep;
    push.scale = args.scale;
    push.clampAt = args.clampAt;
    const vulkan::Buffer* route = args.in.buffer;
    if (args.route != nullptr) {
        route = args.route->buffer;
        push.routeOffset = args.route->offset;
        push.routeStride = args.route->stride;
        push.expertBegin = args.expertBegin;
        push.expertCount = args.experts;
    }
    dispatch.setPush(push);
    const vulkan::Buffer* bias = args.bias != nullptr ? args.bias : args.weight.buffer;
    dispatch.buffers = {args.weight.buffer, args.in.buffer, args.out.buffer, bias, route};
    dispatch.x = groups(push.rows, (gated ? kRowsPerLane / 2 : kRowsPerLane) * std::uint64_t{lanes});
    dispatch.y = args.columns / tile;
    dispatch.z = args.blocks;
    dispatch.traffic = matMulTraffic(library, args, tile);
    return dispatch;
}

Result<Dispatch> embed(KernelLibrary& library, const EmbedArgs& args) {
    const std::uint32_t lanes = library.plainLanes();
    const auto pipeline = library.get("embed", lanes, {args.table.format->id}, sizeof(shared::EmbedPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    shared::EmbedPush push{};
    push.section0 = args.table.sections[0];
    push.section1 = args.table.sections[1];
    push.section2 = args.table.sections[2];
    push.section3 = args.table.sections[3];
    push.blocks = args.table.runs;
    push.rowBegin = args.rowBegin;
    push.rowCount = args.table.rows;
    push.outOffset = args.out.offset;
    push.outStride = args.out.stride;
    push.scale = args.scale;
    dispatch.setPush(push);
    dispatch.buffers = {args.table.buffer, args.columnInfo, args.out.buffer};
    dispatch.x = groups(args.table.runs, lanes);
    dispatch.y = args.columns;
    // figures for columns whose token lies in this piece of the table
    const std::uint64_t subgroups = dispatch.x * ceilDiv(lanes, std::min(lanes, library.subgroupSize()));
    auto& index = dispatch.traffic.category[shared::kCatIndex];
    index.requested = subgroups * 4 * args.columns;
    index.unique = std::uint64_t{4} * args.columns;
    auto& weights = dispatch.traffic.category[shared::kCatWeights];
    weights.requested = std::uint64_t{args.table.runs} * args.table.format->runRequested * args.columns;
    weights.unique = args.table.format->uniqueBytes(args.table.runs) * args.columns;
    dispatch.traffic.category[shared::kCatActivations].written = std::uint64_t{args.table.runs} * 128 * args.columns;
    return dispatch;
}

Result<Dispatch> norm(KernelLibrary& library, const NormArgs& args) {
    const auto pipeline =
        library.get("norm", library.reductionLanes(), {args.gain != nullptr ? 1U : 0U}, sizeof(shared::NormPush));
    if (!pipeline) return forward(pipeline);
    KVS_ASSERT(args.width % 4 == 0 && args.in.offset % 4 == 0 && args.out.offset % 4 == 0);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    dispatch.setPush(shared::NormPush{args.width, args.in.offset, args.in.stride, args.out.offset, args.out.stride,
                                      args.gainOffset, args.eps});
    dispatch.buffers = {args.in.buffer, args.gain != nullptr ? args.gain : args.in.buffer, args.out.buffer};
    dispatch.x = args.columns;
    dispatch.y = args.groups;
    const std::uint64_t bytes = std::uint64_t{args.width} * 4;
    const std::uint64_t all = bytes * args.groups * args.columns;
    dispatch.traffic.category[shared::kCatActivations] = {2 * all, all, all};
    if (args.gain != nullptr) dispatch.traffic.category[shared::kCatWeights] = {all, bytes, 0};
    return dispatch;
}

}  // namespace kvscope::kernels
