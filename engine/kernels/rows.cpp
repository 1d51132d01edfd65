// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/rows.h"

#include "shaders/shared/constants.h"
#include "shaders/shared/kv_move.h"
#include "shaders/shared/rope_append.h"

namespace kvscope::kernels {

namespace {

Traffic ropeAppendTraffic(const RopeAppendArgs& args) {
    const std::uint64_t d = args.shape.headDim;
    const std::uint64_t pairs = args.pairs;
    const std::uint64_t columns = args.columns;
    Traffic traffic;
    auto& index = traffic.category[shared::kCatIndex];
    auto& activations = traffic.category[shared::kCatActivations];
    auto& written = traffic.category[shared::kCatKvWritten];
    // queries: a lane a pair; keys: both members of the pair are read for each rotated element
    // with rows kept aside, the flag of the column too (the figures are for columns that are kept aside)
    const std::uint64_t flag = args.exact != nullptr ? 4 : 0;
    index.requested = columns * (args.shape.heads * pairs * 8 + args.shape.kvHeads * (8 + flag + 2 * pairs * 8));
    index.unique = columns * (pairs * 8 + 4 + flag + args.shape.kvHeads * 4);
    index.written = columns * args.shape.kvHeads * (4 + (args.exact != nullptr ? 8 * d : 0));
    activations.requested =
        columns * (args.shape.heads * pairs * 8 + args.shape.kvHeads * (2 * pairs * 8 + (d - 2 * pairs) * 4 + 4 * d));
    activations.unique = columns * (args.shape.heads * pairs * 8 + args.shape.kvHeads * 8 * d);
    activations.written = columns * args.shape.heads * pairs * 8;
    written.written = columns * args.shape.kvHeads *
                      (args.shape.key->rowBytes(args.shape.headDim) + args.shape.value->rowBytes(args.shape.headDim));
    return traffic;
}

}  // namespace

Result<Dispatch> ropeAppend(KernelLibrary& library, const RopeAppendArgs& args) {
    const AttentionShape& shape = args.shape;
    const auto pipeline = library.get("rope_append", library.reductionLanes(),
                                      {shape.key->id, shape.value->id, shape.headDim, chunkOf(shape.headDim),
                                       args.halves ? 1U : 0U, args.exact != nullptr ? 1U : 0U},
                                      sizeof(shared::RopeAppendPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    shared::RopeAppendPush push{};
    push.heads = shape.heads;
    push.kvHeads = shape.kvHeads;
    push.queryOffset = args.queryOffset;
    push.keyOffset = args.keyOffset;
    push.valueOffset = args.valueOffset;
    push.stride = args.stride;
    push.pairs = args.pairs;
    push.slotBase = args.slotBase;
    push.slotStride = args.slotStride;
    push.pageWords = static_cast<std::uint32_t>(shape.pageBytes() / 4);
    push.pageValues = static_cast<std::uint32_t>(shape.pageKeyBytes() / 4);
    push.exactStride = shape.kvHeads * 2 * shape.headDim;
    dispatch.setPush(push);
    dispatch.buffers = {args.cache.columns,
                        args.cache.index,
                        args.cache.positions,
                        args.cache.pages,
                        args.activations,
                        args.ropeTable,
                        args.exact != nullptr ? args.exact : args.activations};
    dispatch.x = shape.heads + shape.kvHeads;
    dispatch.y = args.columns;
    dispatch.traffic = ropeAppendTraffic(args);
    return dispatch;
}

Result<Dispatch> kvMove(KernelLibrary& library, const KvMoveArgs& args) {
    const auto pipeline = library.get("kv_move", library.reductionLanes(),
                                      {args.from.key->id, args.from.value->id, args.to.key->id, args.to.value->id,
                                       args.from.headDim, chunkOf(args.from.headDim)},
                                      sizeof(shared::KvMovePush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    shared::KvMovePush push{};
    push.first = args.first;
    push.count = args.first + args.count;
    push.fromPageWords = static_cast<std::uint32_t>(args.from.pageBytes() / 4);
    push.fromValues = static_cast<std::uint32_t>(args.from.pageKeyBytes() / 4);
    push.toPageWords = static_cast<std::uint32_t>(args.to.pageBytes() / 4);
    push.toValues = static_cast<std::uint32_t>(args.to.pageKeyBytes() / 4);
    dispatch.setPush(push);
    dispatch.buffers = {args.moves, args.fromPages, args.toPages, args.fromPositions, args.toPositions};
    dispatch.x = args.count;
    const std::uint64_t n = args.count;
    auto& index = dispatch.traffic.category[shared::kCatIndex];
    index = {12 * n, 12 * n, 4 * n};
    const std::uint32_t d = args.from.headDim;
    dispatch.traffic.category[shared::kCatKvRead].requested =
        n * (args.from.key->rowRequested(d) + args.from.value->rowRequested(d));
    dispatch.traffic.category[shared::kCatKvRead].unique =
        n * (args.from.key->rowBytes(d) + args.from.value->rowBytes(d));
    dispatch.traffic.category[shared::kCatKvWritten].written =
        n * (args.to.key->rowBytes(d) + args.to.value->rowBytes(d));
    return dispatch;
}

}  // namespace kvscope::kernels
