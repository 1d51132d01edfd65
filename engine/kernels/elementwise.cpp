// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/elementwise.h"

#include <algorithm>

#include "engine/base/assert.h"
#include "engine/base/checked.h"
#include "shaders/shared/column_stats.h"
#include "shaders/shared/constants.h"
#include "shaders/shared/copy_heads.h"
#include "shaders/shared/hyper.h"
#include "shaders/shared/map.h"
#include "shaders/shared/route.h"
#include "shaders/shared/stream_mix.h"

namespace kvscope::kernels {

namespace {

std::uint32_t groups(std::uint64_t items, std::uint64_t each) {
    return static_cast<std::uint32_t>(ceilDiv(items, each));
}

bool hasTwo(std::uint32_t kind) {
    return kind == shared::kMapAdd || kind == shared::kMapSubtract || kind == shared::kMapMultiply ||
           kind == shared::kMapSiluMultiply || kind == shared::kMapGeluMultiply;
}

Result<Dispatch> columnStats(KernelLibrary& library, const char* kernel, const ColumnStatsArgs& args, bool two) {
    const auto pipeline = library.get(kernel, library.reductionLanes(), {}, sizeof(shared::ColumnStatsPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    dispatch.setPush(shared::ColumnStatsPush{args.width, args.in.offset, args.in.stride, args.other.offset,
                                             args.other.stride, args.out.offset, args.out.stride, args.multiplier});
    dispatch.buffers = {args.in.buffer};
    if (two) dispatch.buffers.push_back(args.other.buffer);
    dispatch.buffers.push_back(args.out.buffer);
    dispatch.x = args.columns;
    const std::uint64_t bytes = std::uint64_t{args.width} * 4 * args.columns;
    // the other column is read once, the own one twice (three times where deviations follow the mean)
    dispatch.traffic.category[shared::kCatActivations] = {3 * bytes, (two ? 2 : 1) * bytes, bytes};
    return dispatch;
}

}  // namespace

Result<Dispatch> map(KernelLibrary& library, const MapArgs& args) {
    const std::uint32_t lanes = library.plainLanes();
    const auto pipeline = library.get("map", lanes, {args.kind}, sizeof(shared::MapPush));
    if (!pipeline) return forward(pipeline);
    const bool two = hasTwo(args.kind);
    const bool gain = args.kind == shared::kMapGain;
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    dispatch.setPush(shared::MapPush{args.width, args.a.offset, args.a.stride, args.b.offset, args.b.stride,
                                     args.out.offset, args.out.stride, args.gainOffset, args.gainWidth, args.constant});
    dispatch.buffers = {args.a.buffer, two ? args.b.buffer : args.a.buffer, gain ? args.gain : args.a.buffer,
                        args.out.buffer};
    dispatch.x = groups(args.width, lanes);
    dispatch.y = args.columns;
    const std::uint64_t bytes = std::uint64_t{args.width} * 4 * args.columns;
    dispatch.traffic.category[shared::kCatActivations] = {(two ? 2 : 1) * bytes, (two ? 2 : 1) * bytes, bytes};
    if (gain) dispatch.traffic.category[shared::kCatWeights] = {bytes, std::uint64_t{args.gainWidth} * 4, 0};
    return dispatch;
}

Result<Dispatch> copyHeads(KernelLibrary& library, const CopyHeadsArgs& args) {
    const std::uint32_t lanes = library.plainLanes();
    const auto pipeline = library.get("copy_heads", lanes, {}, sizeof(shared::CopyHeadsPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    dispatch.setPush(shared::CopyHeadsPush{args.heads, args.width, args.in.offset, args.in.stride, args.inStep,
                                           args.out.offset, args.out.stride, args.outStep});
    dispatch.buffers = {args.in.buffer, args.out.buffer};
    dispatch.x = groups(std::uint64_t{args.heads} * args.width, lanes);
    dispatch.y = args.columns;
    const std::uint64_t bytes = std::uint64_t{args.heads} * args.width * 4 * args.columns;
    const std::uint64_t read = args.inStep == 0 ? bytes / args.heads : bytes;  // all heads copy the same values
    dispatch.traffic.category[shared::kCatActivations] = {bytes, read, bytes};
    return dispatch;
}

Result<Dispatch> matchNorm(KernelLibrary& library, const ColumnStatsArgs& args) {
    return columnStats(library, "match_norm", args, true);
}

Result<Dispatch> sparse(KernelLibrary& library, const ColumnStatsArgs& args) {
    return columnStats(library, "sparse", args, false);
}

Result<Dispatch> streamMix(KernelLibrary& library, const StreamMixArgs& args) {
    const std::uint32_t lanes = library.plainLanes();
    const bool addend = args.addend.buffer != nullptr;
    const auto flag = [](bool on) { return on ? 1U : 0U; };
    const auto pipeline = library.get(
        "stream_mix", lanes,
        {args.inputs, args.outputs, flag(args.identity), flag(addend), flag(args.useMatrix), flag(args.addTo)},
        sizeof(shared::StreamMixPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    shared::StreamMixPush push{};
    push.width = args.width;
    push.inOffset = args.in.offset;
    push.inStride = args.in.stride;
    push.outOffset = args.out.offset;
    push.outStride = args.out.stride;
    push.coefficientOffset = args.coefficients.offset;
    push.coefficientStride = args.coefficients.stride;
    push.addendOffset = args.addend.offset;
    push.addendStride = args.addend.stride;
    push.matrix = args.matrix;
    push.rowStep = args.rowStep;
    push.columnStep = args.columnStep;
    push.vector = args.vector;
    push.addBias = args.addBias;
    dispatch.setPush(push);
    dispatch.buffers = {args.in.buffer, args.coefficients.buffer, addend ? args.addend.buffer : args.in.buffer,
                        args.out.buffer};
    dispatch.x = groups(args.width, lanes);
    dispatch.y = args.columns;
    const std::uint64_t bytes = std::uint64_t{args.width} * 4 * args.columns;
    const std::uint64_t subgroups = ceilDiv(args.width, std::min(lanes, library.subgroupSize()));
    const std::uint64_t uses =
        (args.useMatrix ? std::uint64_t{args.inputs} * args.outputs : 0) + (addend ? std::uint64_t{args.outputs} : 0);
    const std::uint64_t reads = args.inputs + flag(addend) + (args.addTo ? args.outputs : 0U);
    dispatch.traffic.category[shared::kCatActivations] = {reads * bytes + subgroups * uses * 4 * args.columns,
                                                          reads * bytes + uses * 4 * args.columns,
                                                          args.outputs * bytes};
    dispatch.traffic.flops = 2 * uses * args.width * args.columns;
    return dispatch;
}

Result<Dispatch> hyper(KernelLibrary& library, const HyperArgs& args) {
    const std::uint32_t lanes = library.plainLanes();
    const auto pipeline =
        library.get("hyper", lanes, {args.streams, args.iterations > 0 ? 1U : 0U}, sizeof(shared::HyperPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    dispatch.setPush(shared::HyperPush{args.columns, args.in.offset, args.in.stride, args.out.offset, args.out.stride,
                                       args.baseOffset, args.scaleOffset, args.iterations, args.eps});
    dispatch.buffers = {args.in.buffer, args.base, args.scale, args.out.buffer};
    dispatch.x = groups(args.columns, lanes);
    const std::uint64_t n = args.streams;
    const std::uint64_t values = args.iterations > 0 ? 2 * n + n * n : n;
    const std::uint64_t bytes = values * 4 * args.columns;
    dispatch.traffic.category[shared::kCatActivations] = {bytes, bytes, bytes};
    dispatch.traffic.category[shared::kCatWeights] = {2 * bytes, values * 4 + (args.iterations > 0 ? 12U : 4U), 0};
    return dispatch;
}

Result<Dispatch> route(KernelLibrary& library, const RouteArgs& args) {
    const std::uint32_t lanes = library.plainLanes();
    const auto flag = [](bool on) { return on ? 1U : 0U; };
    const auto pipeline =
        library.get("route", lanes,
                    {args.gating, flag(args.bias != nullptr), flag(args.table != nullptr), flag(args.gain != nullptr)},
                    sizeof(shared::RoutePush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    shared::RoutePush push{};
    push.columns = args.columns;
    push.inOffset = args.in.offset;
    push.inStride = args.in.stride;
    push.outOffset = args.out.offset;
    push.outStride = args.out.stride;
    push.experts = args.experts;
    push.used = args.used;
    push.groups = args.groups;
    push.groupsUsed = args.groupsUsed;
    push.biasOffset = args.biasOffset;
    push.gainOffset = args.gainOffset;
    push.normalise = flag(args.normalise);
    push.scale = args.scale;
    dispatch.setPush(push);
    const auto orIn = [&](const vulkan::Buffer* buffer) { return buffer != nullptr ? buffer : args.in.buffer; };
    dispatch.buffers = {args.columnInfo,  args.in.buffer,  orIn(args.bias),
                        orIn(args.table), orIn(args.gain), args.out.buffer};
    dispatch.x = groups(args.columns, lanes);
    const std::uint64_t e = args.experts;
    const std::uint64_t u = args.used;
    const std::uint64_t columns = args.columns;
    // each choice passes over the experts of the groups that may be chosen from; finding these groups, over all once
    const std::uint64_t allowed = args.groups > 1 ? e / args.groups * args.groupsUsed : e;
    const std::uint64_t scans = args.table != nullptr ? 0 : allowed * u + (args.groups > 1 ? e : 0);
    const std::uint64_t softmax = args.gating == shared::kGateSoftmax ? 2 * e : 0;
    auto& activations = dispatch.traffic.category[shared::kCatActivations];
    activations.requested = columns * 4 * (scans + softmax + u + u);
    // a table with scores of single experts: only their logits are read
    activations.unique = columns * 4 * ((args.table != nullptr && softmax == 0 ? u : e) + u);
    activations.written = columns * 4 * 3 * u;
    auto& weights = dispatch.traffic.category[shared::kCatWeights];
    if (args.bias != nullptr && args.table == nullptr) weights = {columns * 4 * scans, 4 * e, 0};
    if (args.table != nullptr) {
        weights.requested += columns * 4 * u;
        weights.unique += columns * 4 * u;
        dispatch.traffic.category[shared::kCatIndex] = {columns * 4 * u, columns * 4, 0};
    }
    if (args.gain != nullptr) {
        weights.requested += columns * 4 * u;
        weights.unique += std::min(e, columns * u) * 4;
    }
    return dispatch;
}

}  // namespace kvscope::kernels
