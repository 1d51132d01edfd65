// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/compressed.h"

#include <algorithm>

#include "engine/base/checked.h"
#include "shaders/shared/compress.h"
#include "shaders/shared/constants.h"
#include "shaders/shared/index_scores.h"

namespace kvscope::kernels {

namespace {

std::uint32_t groups(std::uint64_t items, std::uint64_t each) {
    return static_cast<std::uint32_t>(ceilDiv(items, each));
}

std::uint32_t channelsOf(const CompressArgs& args) {
    return args.width * (args.overlap ? 2 : 1);
}

shared::CompressPush makePush(const CompressArgs& args) {
    shared::CompressPush push{};
    push.width = args.width;
    push.ratio = args.ratio;
    push.ring = args.ringTokens;
    push.valueOffset = args.value.offset;
    push.valueStride = args.value.stride;
    push.gateOffset = args.gate.offset;
    push.gateStride = args.gate.stride;
    push.apeOffset = args.apeOffset;
    push.outOffset = args.out.offset;
    push.outStride = args.out.stride;
    return push;
}

shared::IndexScoresPush makePush(const SelectArgs& args) {
    shared::IndexScoresPush push{};
    push.headBase = args.cache.headBase;
    push.headStride = args.cache.headStride;
    push.tableBase = args.cache.tableBase;
    push.tableStride = args.cache.tableStride;
    push.pageWords = static_cast<std::uint32_t>(args.shape.pageBytes() / 4);
    push.queryOffset = args.query.offset;
    push.queryStride = args.query.stride;
    push.weightOffset = args.weights.offset;
    push.weightStride = args.weights.stride;
    push.heads = args.heads;
    push.capacity = args.capacity;
    push.topK = args.topK;
    push.listStride = 1 + args.topK;
    push.scale = args.scale;
    return push;
}

}  // namespace

Result<Dispatch> compressStore(KernelLibrary& library, const CompressArgs& args) {
    const std::uint32_t lanes = library.plainLanes();
    const auto pipeline = library.get("compress_store", lanes, {args.overlap ? 1U : 0U}, sizeof(shared::CompressPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    dispatch.setPush(makePush(args));
    dispatch.buffers = {args.columnInfo, args.value.buffer, args.gate.buffer, args.ape, args.ring};
    const std::uint64_t channels = channelsOf(args);
    dispatch.x = groups(channels, lanes);
    dispatch.y = args.columns;
    const std::uint64_t bytes = channels * 4 * args.columns;
    const std::uint64_t subgroups = ceilDiv(channels, std::min(lanes, library.subgroupSize()));
    dispatch.traffic.category[shared::kCatActivations] = {2 * bytes, 2 * bytes, 0};
    dispatch.traffic.category[shared::kCatWeights] = {bytes, channels * 4 * std::min(args.ratio, args.columns), 0};
    dispatch.traffic.category[shared::kCatIndex] = {subgroups * 8 * args.columns, std::uint64_t{8} * args.columns,
                                                    2 * bytes};
    return dispatch;
}

Result<Dispatch> compressPool(KernelLibrary& library, const CompressArgs& args) {
    const std::uint32_t lanes = library.plainLanes();
    const auto pipeline = library.get("compress_pool", lanes, {args.overlap ? 1U : 0U}, sizeof(shared::CompressPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    dispatch.setPush(makePush(args));
    dispatch.buffers = {args.columnInfo, args.ring, args.out.buffer};
    dispatch.x = groups(args.width, lanes);
    dispatch.y = args.columns;
    return dispatch;
}

Traffic compressPoolTraffic(const KernelLibrary& library, const CompressArgs& args) {
    Traffic traffic;
    const std::uint64_t lanes = std::min(library.plainLanes(), library.subgroupSize());
    const std::uint64_t tokens = std::uint64_t{args.blocks} * args.ratio +
                                 (args.overlap ? std::uint64_t{args.blocks - args.firstBlocks} * args.ratio : 0);
    auto& index = traffic.category[shared::kCatIndex];
    index.requested = groups(args.width, library.plainLanes()) * ceilDiv(library.plainLanes(), lanes) * 8 *
                          std::uint64_t{args.columns} +
                      tokens * args.width * 16;
    index.unique = std::uint64_t{8} * args.columns + tokens * args.width * 8;
    traffic.category[shared::kCatActivations].written = std::uint64_t{args.blocks} * args.width * 4;
    return traffic;
}

Result<Dispatch> indexScores(KernelLibrary& library, const SelectArgs& args) {
    const auto pipeline = library.get("index_scores", library.reductionLanes(),
                                      {args.shape.key->id, args.shape.headDim, chunkOf(args.shape.headDim)},
                                      sizeof(shared::IndexScoresPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    dispatch.setPush(makePush(args));
    dispatch.buffers = {args.cache.columns, args.cache.index,    args.cache.positions, args.cache.pages,
                        args.query.buffer,  args.weights.buffer, args.scores};
    dispatch.x = groups(args.capacity, library.reductionLanes());
    dispatch.y = args.columns;
    return dispatch;
}

Traffic indexScoresTraffic(const KernelLibrary& library, const SelectArgs& args, std::span<const std::uint32_t> rows) {
    Traffic traffic;
    const std::uint64_t lanes = library.reductionLanes();
    const std::uint64_t d = args.shape.headDim;
    const std::uint64_t all = groups(args.capacity, lanes);
    auto& index = traffic.category[shared::kCatIndex];
    for (const std::uint32_t count : rows) {
        const std::uint64_t steps = ceilDiv(count, lanes);
        index.requested += all * 8 + steps * 8 + std::uint64_t{count} * 4;
        index.unique += 8;
        index.written += std::uint64_t{count} * 4;
        traffic.category[shared::kCatKvRead].requested +=
            std::uint64_t{count} * args.heads * args.shape.key->rowRequested(args.shape.headDim);
        traffic.category[shared::kCatActivations].requested += steps * args.heads * (d * 4 + 4);
        traffic.category[shared::kCatActivations].unique += args.heads * (d * 4 + 4);
        traffic.flops += 2 * std::uint64_t{count} * args.heads * (d + 1);
    }
    if (!rows.empty()) {  // all columns read the same rows: their count, pages, positions and keys
        const std::uint32_t most = *std::ranges::max_element(rows);
        index.unique += 4 + 4 * ceilDiv(most, shared::kPageRows) + std::uint64_t{most} * 4;
        const std::uint64_t whole = most / shared::kPageRows;
        traffic.category[shared::kCatKvRead].unique =
            whole * args.shape.key->uniqueBytes(args.shape.headDim, shared::kPageRows) +
            args.shape.key->uniqueBytes(args.shape.headDim, most % shared::kPageRows);
    }
    return traffic;
}

Result<Dispatch> indexSelect(KernelLibrary& library, const SelectArgs& args) {
    const auto pipeline = library.get("index_select", library.reductionLanes(), {}, sizeof(shared::IndexScoresPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    dispatch.setPush(makePush(args));
    dispatch.buffers = {args.cache.columns, args.cache.index, args.scores, args.lists};
    dispatch.x = args.columns;
    return dispatch;
}

Traffic indexSelectTraffic(const KernelLibrary&, const SelectArgs& args, std::span<const std::uint32_t> rows,
                           std::span<const std::uint32_t> visible) {
    Traffic traffic;
    auto& index = traffic.category[shared::kCatIndex];
    for (std::size_t column = 0; column < rows.size(); ++column) {
        const std::uint64_t count = rows[column];
        index.requested += 8 + count * 4 * 34;  // 32 bits, counted, written
        index.unique += 4 + count * 4;
        index.written += 4 + std::uint64_t{4} * std::min(args.topK, visible[column]);
    }
    if (!rows.empty()) index.unique += 4;  // the row count is the same for all
    return traffic;
}

}  // namespace kvscope::kernels
