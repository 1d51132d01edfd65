// SPDX-License-Identifier: Apache-2.0
#include "engine/kernels/attention.h"

#include <algorithm>

#include "engine/base/assert.h"
#include "engine/base/checked.h"
#include "shaders/shared/attention.h"
#include "shaders/shared/constants.h"

namespace kvscope::kernels {

namespace {

/// Query slots of a tile of columns: more save loads of keys and values, but unrolled code takes long to compile.
constexpr std::uint32_t kTiledSlots = 8;

/// Dimensions of values that a lane sums at once: 8 where every lane still has work.
std::uint32_t valueRun(const KernelLibrary& library, std::uint32_t headDim) {
    return headDim / 8 >= library.reductionLanes() ? 8 : 4;
}

shared::AttentionPush makePush(const AttentionArgs& args) {
    shared::AttentionPush push{};
    push.column = args.columnBegin;
    push.headBase = args.cache.headBase;
    push.headStride = args.cache.headStride;
    push.tableBase = args.cache.tableBase;
    push.tableStride = args.cache.tableStride;
    push.kvHeads = args.shape.kvHeads;
    push.splits = args.splits;
    push.queryOffset = args.query.offset;
    push.queryStride = args.query.stride;
    push.outOffset = args.out.offset;
    push.outStride = args.out.stride;
    push.pageWords = static_cast<std::uint32_t>(args.shape.pageBytes() / 4);
    push.valueOffset = static_cast<std::uint32_t>(args.shape.pageKeyBytes() / 4);
    push.sinks = args.shape.sinks;
    push.window = args.shape.window;
    push.nativeWindow = args.shape.nativeWindow;
    push.scale = args.shape.scale;
    return push;
}

Result<Dispatch> make(const Result<const vulkan::Pipeline*>& pipeline, const shared::AttentionPush& push,
                      std::vector<const vulkan::Buffer*> buffers) {
    if (!pipeline) return forward(pipeline);
    Dispatch dispatch;
    dispatch.pipeline = *pipeline;
    dispatch.setPush(push);
    dispatch.buffers = std::move(buffers);
    return dispatch;
}

}  // namespace

std::uint64_t AttentionShape::pageKeyBytes() const {
    return key->rowBytes(headDim) * shared::kPageRows;
}

std::uint64_t AttentionShape::pageBytes() const {
    return pageKeyBytes() + value->rowBytes(headDim) * shared::kPageRows;
}

std::uint32_t attentionTile(std::uint32_t group, std::uint32_t columns) {
    std::uint32_t tile = 1;
    while (tile < 8 && columns % (tile * 2) == 0 && group * tile * 2 <= kTiledSlots) tile *= 2;
    return tile;
}

Result<Dispatch> attnDecode(KernelLibrary& library, const AttentionArgs& args) {
    const AttentionShape& shape = args.shape;
    KVS_ASSERT(shape.group() * args.tile <= shared::kMaxQuerySlots && args.columns % args.tile == 0);
    const std::uint32_t eights = valueRun(library, shape.headDim) == 8 ? 1 : 0;
    auto dispatch = make(library.get("attn_decode", library.reductionLanes(),
                                     {shape.key->id, shape.value->id, shape.headDim, shape.group(), args.tile,
                                      chunkOf(shape.headDim), eights},
                                     sizeof(shared::AttentionPush)),
                         makePush(args),
                         {args.cache.columns, args.cache.index, args.cache.positions, args.cache.pages,
                          args.query.buffer, args.partial, args.stats});
    if (!dispatch) return dispatch;
    dispatch->x = shape.kvHeads;
    dispatch->y = args.splits;
    dispatch->z = args.columns / args.tile;
    return dispatch;
}

Result<Dispatch> attnCombine(KernelLibrary& library, const AttentionArgs& args) {
    auto dispatch =
        make(library.get("attn_combine", library.reductionLanes(), {args.shape.headDim, args.shape.group()},
                         sizeof(shared::AttentionPush)),
             makePush(args), {args.cache.columns, args.cache.index, args.partial, args.stats, args.out.buffer});
    if (!dispatch) return dispatch;
    dispatch->x = args.shape.heads;
    dispatch->y = args.columns;
    return dispatch;
}

std::uint64_t rowsUniqueBytes(const AttentionShape& shape, std::uint32_t rows) {
    const std::uint64_t whole = rows / shared::kPageRows;
    const std::uint64_t rest = rows % shared::kPageRows;
    std::uint64_t sum = 0;
    for (const RowStorage* storage : {shape.key, shape.value}) {
        sum +=
            whole * storage->uniqueBytes(shape.headDim, shared::kPageRows) + storage->uniqueBytes(shape.headDim, rest);
    }
    return sum;
}

Traffic attnDecodeTraffic(const KernelLibrary& library, const AttentionArgs& args,
                          std::span<const std::uint32_t> rows) {
    const AttentionShape& shape = args.shape;
    const std::uint64_t d = shape.headDim;
    const std::uint64_t lanes = library.reductionLanes();
    const std::uint64_t slots = std::uint64_t{shape.group()} * args.tile;
    const std::uint64_t tiles = args.columns / args.tile;
    const std::uint32_t run = valueRun(library, shape.headDim);
    const std::uint64_t rounds = ceilDiv(d / run, lanes);  // passes of the lanes over the dimensions
    Traffic traffic;
    auto& index = traffic.category[shared::kCatIndex];
    auto& kv = traffic.category[shared::kCatKvRead];
    auto& activations = traffic.category[shared::kCatActivations];
    for (const std::uint32_t count : rows) {
        index.requested += tiles * args.splits * 8;  // sequence and row count, in every workgroup
        for (std::uint64_t first = 0; first < count; first += shared::kSplitRows) {
            const std::uint64_t n = std::min<std::uint64_t>(shared::kSplitRows, count - first);
            const std::uint64_t steps = ceilDiv(n, lanes);
            index.requested += tiles * (4 * slots + 4 * steps + 4 * n + 4 * ceilDiv(n, shared::kPageRows) * rounds);
            kv.requested +=
                tiles * n * (shape.key->rowRequested(shape.headDim) + d / run * shape.value->runRequested(run));
            activations.requested += tiles * steps * slots * d * 4;
            activations.written += tiles * slots * (8 + 4 * d);
            traffic.flops += 4 * tiles * slots * n * d;
        }
        kv.unique += rowsUniqueBytes(shape, count);
        index.unique += 4 + 4 * ceilDiv(count, shared::kPageRows) + 4 * std::uint64_t{count};
    }
    index.unique += std::uint64_t{4} * args.columns + 4 * tiles;  // positions, and the sequence of each tile
    activations.unique = 4 * d * shape.heads * args.columns;
    return traffic;
}

Traffic attnCombineTraffic(const KernelLibrary& library, const AttentionArgs& args,
                           std::span<const std::uint32_t> rows) {
    const std::uint64_t d = args.shape.headDim;
    const std::uint64_t rounds = ceilDiv(d / 4, library.reductionLanes());
    const std::uint64_t each = std::uint64_t{args.shape.group()} * args.columns;
    Traffic traffic;
    auto& index = traffic.category[shared::kCatIndex];
    auto& activations = traffic.category[shared::kCatActivations];
    for (const std::uint32_t count : rows) {
        const std::uint64_t splits = ceilDiv(count, shared::kSplitRows);
        index.requested += each * 8;
        activations.requested += each * splits * (16 + 8 * rounds + 4 * d);
        activations.unique += each * splits * (8 + 4 * d);
        activations.written += each * 4 * d;
    }
    index.unique = std::uint64_t{4} * args.columns + 4 * rows.size();
    return traffic;
}

Result<Dispatch> attnScores(KernelLibrary& library, const ErrorArgs& args) {
    const AttentionShape& shape = args.attention.shape;
    shared::AttentionPush push = makePush(args.attention);
    push.exactRows = args.rowCapacity;
    auto dispatch = make(library.get("attn_scores", library.reductionLanes(),
                                     {shape.key->id, shape.headDim, shape.group(), chunkOf(shape.headDim)},
                                     sizeof(shared::AttentionPush)),
                         push,
                         {args.attention.cache.columns, args.attention.cache.index, args.attention.cache.positions,
                          args.attention.cache.pages, args.attention.query.buffer, args.scores});
    if (!dispatch) return dispatch;
    dispatch->x = shape.kvHeads;
    dispatch->y = static_cast<std::uint32_t>(ceilDiv(args.rowCapacity, library.reductionLanes()));
    return dispatch;
}

static_assert(kErrorRecordFloats == shared::kErrorWords);

Result<Dispatch> attnError(KernelLibrary& library, const ErrorArgs& args) {
    const AttentionShape& shape = args.attention.shape;
    shared::AttentionPush push = makePush(args.attention);
    push.exactRows = args.rowCapacity;
    push.record = args.record;
    auto dispatch = make(library.get("attn_error", library.reductionLanes(), {shape.headDim, shape.group()},
                                     sizeof(shared::AttentionPush)),
                         push,
                         {args.attention.cache.columns, args.attention.cache.index, args.attention.cache.positions,
                          args.exact, args.attention.query.buffer, args.scores, args.exactScores,
                          args.attention.out.buffer, args.records, args.taps});
    if (!dispatch) return dispatch;
    dispatch->x = shape.heads;
    return dispatch;
}

}  // namespace kvscope::kernels
