// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/rows.h"

#include "shaders/shared/constants.h"
#include "shaders/shared/kv_move.h"
#include "shaders/shared/rope_append.h"

namespace kvscope::kernels {

Traffic ropeAppendTraffic(const RopeAppendArgs& args) {
    const std::uint64_t d = args.shape.headDim;
    const std::uint64_t dv = args.shape.storedValueDim();
    const std::uint64_t pairs = args.pairs;
    const std::uint64_t columns = args.columns;
    const std::uint64_t queries = columns * args.shape.heads;
    const std::uint64_t rows = std::uint64_t{args.appended} * args.shape.kvHeads;
    const std::uint64_t skipped = columns * args.shape.kvHeads - rows;  // their slot and position are read
    Traffic traffic;
    auto& index = traffic.category[shared::kCatIndex];
    auto& activations = traffic.category[shared::kCatActivations];
    auto& written = traffic.category[shared::kCatKvWritten];
    // queries: a lane a pair; keys: both members of the pair are read for each rotated element
    // with rows kept aside, the flag of the column too (the figures are for columns that are kept aside)
    const std::uint64_t flag = args.exact != nullptr ? 4 : 0;
    index.requested = queries * pairs * 8 + rows * (8 + flag + 2 * pairs * 8) + skipped * 8;
    index.unique = columns * (pairs * 8 + (args.shape.kvHeads > 0 ? 4 + flag : 0) + args.shape.kvHeads * 4);
    index.written = rows * (4 + (args.exact != nullptr ? 4 * (d + dv) : 0));
    activations.requested = queries * pairs * 8 + rows * (2 * pairs * 8 + (d - 2 * pairs) * 4 + 4 * dv);
    activations.unique = queries * pairs * 8 + rows * 4 * (d + dv);
    activations.written = queries * pairs * 8;
    if (rows > 0) written.written = rows * args.shape.rowBytes();
    return traffic;
}

Result<Dispatch> ropeAppend(KernelLibrary& library, const RopeAppendArgs& args) {
    const AttentionShape& shape = args.shape;
    const auto pipeline = library.get("rope_append", library.reductionLanes(),
                                      {shape.key->id, shape.value->id, shape.headDim, shape.chunk(),
                                       args.halves ? 1U : 0U, args.exact != nullptr ? 1U : 0U, shape.storedValueDim()},
                                      sizeof(shared::RopeAppendPush));
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    shared::RopeAppendPush push{};
    push.heads = shape.heads;
    push.kvHeads = shape.kvHeads;
    push.queryOffset = args.query.offset;
    push.queryStride = args.query.stride;
    push.queryHead = args.queryHead != 0 ? args.queryHead : shape.headDim;
    push.keyOffset = args.key.offset;
    push.keyStride = args.key.stride;
    push.valueOffset = args.value.offset;
    push.valueStride = args.value.stride;
    push.begin = args.begin;
    push.pairs = args.pairs;
    push.slotBase = args.slotBase;
    push.slotStride = args.slotStride;
    push.pageWords = static_cast<std::uint32_t>(shape.pageBytes() / 4);
    push.pageValues = static_cast<std::uint32_t>(shape.pageKeyBytes() / 4);
    push.exactStride = shape.kvHeads * (shape.headDim + shape.storedValueDim());
    push.sign = args.inverse ? -1.0F : 1.0F;
    dispatch.setPush(push);
    const vulkan::Buffer* some = args.query.buffer != nullptr ? args.query.buffer : args.key.buffer;
    const auto orSome = [some](const vulkan::Buffer* buffer) { return buffer != nullptr ? buffer : some; };
    dispatch.buffers = {args.cache.columns, args.cache.index,          args.cache.positions,
                        args.cache.pages,   orSome(args.query.buffer), orSome(args.ropeTable),
                        orSome(args.exact), orSome(args.key.buffer),   orSome(args.value.buffer)};
    dispatch.x = shape.heads + shape.kvHeads;
    dispatch.y = args.columns;
    dispatch.traffic = ropeAppendTraffic(args);
    return dispatch;
}

Result<Dispatch> kvMove(KernelLibrary& library, const KvMoveArgs& args) {
    const auto pipeline = library.get("kv_move", library.reductionLanes(),
                                      {args.from.key->id, args.from.value->id, args.to.key->id, args.to.value->id,
                                       args.from.headDim, args.from.chunk(), args.from.storedValueDim()},
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
    const std::uint32_t dv = args.from.storedValueDim();
    dispatch.traffic.category[shared::kCatKvRead].requested =
        n * (args.from.key->rowRequested(d) + (dv > 0 ? args.from.value->rowRequested(dv) : 0));
    dispatch.traffic.category[shared::kCatKvRead].unique = n * args.from.rowBytes();
    dispatch.traffic.category[shared::kCatKvWritten].written = n * args.to.rowBytes();
    return dispatch;
}

}  // namespace kvscope::kernels
