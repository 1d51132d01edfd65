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
    push.firstBase = args.cache.firstBase;
    push.kvHeads = args.shape.kvHeads;
    push.heads = args.shape.heads;
    push.parts = args.shape.group() / headsAtOnce(args.shape.group());
    push.splits = args.splitsAll != 0 ? args.splitsAll : args.splits;
    push.splitBase = args.splitBase;
    push.listStride = args.listStride;
    push.sinkOffset = args.sinkOffset;
    push.queryOffset = args.query.offset;
    push.queryStride = args.query.stride;
    push.outOffset = args.out.offset;
    push.outStride = args.out.stride;
    push.pageWords = static_cast<std::uint32_t>(args.shape.pageBytes() / 4);
    push.valueOffset = args.shape.shared ? 0 : static_cast<std::uint32_t>(args.shape.pageKeyBytes() / 4);
    push.sinks = args.shape.sinks;
    push.window = args.shape.window;
    push.nativeWindow = args.shape.nativeWindow;
    push.scale = args.shape.scale;
    push.softcap = args.shape.softcap;
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
    return rowBytes() * shared::kPageRows;
}

std::uint64_t AttentionShape::rowBytes() const {
    return key->rowBytes(headDim) + (shared ? 0 : value->rowBytes(valueDim));
}

std::uint32_t AttentionShape::chunk() const {
    return shared ? chunkOf(headDim) : std::min(chunkOf(headDim), chunkOf(valueDim));
}

std::uint32_t headsAtOnce(std::uint32_t group) {
    if (group <= shared::kMaxQuerySlots) return group;
    for (std::uint32_t heads = kTiledSlots; heads > 1; --heads) {
        if (group % heads == 0) return heads;
    }
    return 1;
}

std::uint32_t attentionTile(std::uint32_t group, std::uint32_t columns) {
    std::uint32_t tile = 1;
    const std::uint32_t heads = headsAtOnce(group);
    while (tile < 8 && columns % (tile * 2) == 0 && heads * tile * 2 <= kTiledSlots) tile *= 2;
    return tile;
}

Result<Dispatch> attnDecode(KernelLibrary& library, const AttentionArgs& args) {
    const AttentionShape& shape = args.shape;
    const std::uint32_t heads = headsAtOnce(shape.group());
    KVS_ASSERT(heads * args.tile <= shared::kMaxQuerySlots && args.columns % args.tile == 0);
    KVS_ASSERT(args.lists == nullptr || args.tile == 1);
    const auto flag = [](bool on) { return on ? 1U : 0U; };
    auto dispatch =
        make(library.get("attn_decode", library.reductionLanes(),
                         {shape.key->id, shape.value->id, shape.headDim, heads, args.tile, shape.chunk(),
                          flag(valueRun(library, shape.valueDim) == 8), shape.valueDim, flag(shape.shared),
                          flag(args.lists != nullptr), flag(shape.softcap > 0), flag(args.splitBase != 0)},
                         sizeof(shared::AttentionPush)),
             makePush(args),
             {args.cache.columns, args.cache.index, args.cache.positions, args.cache.pages, args.query.buffer,
              args.partial, args.stats, args.lists != nullptr ? args.lists : args.cache.index});
    if (!dispatch) return dispatch;
    dispatch->x = shape.heads / heads;
    dispatch->y = args.splits;
    dispatch->z = args.columns / args.tile;
    return dispatch;
}

Result<Dispatch> attnCombine(KernelLibrary& library, const AttentionArgs& args) {
    shared::AttentionPush push = makePush(args);
    push.splitBase = args.splits;
    push.splitCount = args.splitsAll > args.splits ? args.splitsAll - args.splits : 0;
    auto dispatch = make(library.get("attn_combine", library.reductionLanes(),
                                     {args.shape.valueDim, args.shape.group(), args.sinks != nullptr ? 1U : 0U},
                                     sizeof(shared::AttentionPush)),
                         push,
                         {args.cache.columns, args.cache.index, args.partial, args.stats, args.out.buffer,
                          args.sinks != nullptr ? args.sinks : args.stats});
    if (!dispatch) return dispatch;
    dispatch->x = args.shape.heads;
    dispatch->y = args.columns;
    return dispatch;
}

std::uint64_t rowsUniqueBytes(const AttentionShape& shape, std::uint32_t rows) {
    const std::uint64_t whole = rows / shared::kPageRows;
    const std::uint64_t rest = rows % shared::kPageRows;
    std::uint64_t sum = 0;
    const auto add = [&](const RowStorage& storage, std::uint32_t dim) {
        sum += whole * storage.uniqueBytes(dim, shared::kPageRows) + storage.uniqueBytes(dim, rest);
    };
    add(*shape.key, shape.headDim);
    if (!shape.shared) add(*shape.value, shape.valueDim);
    return sum;
}

std::uint32_t splitsOf(const SlotRange& slots) {
    return static_cast<std::uint32_t>(ceilDiv(slots.count, shared::kSplitRows)) - slots.first / shared::kSplitRows;
}

Traffic attnDecodeTraffic(const KernelLibrary& library, const AttentionArgs& args, std::span<const SlotRange> rows) {
    const AttentionShape& shape = args.shape;
    const std::uint64_t d = shape.headDim;
    const std::uint64_t dv = shape.valueDim;
    const std::uint64_t lanes = library.reductionLanes();
    const std::uint64_t slots = std::uint64_t{headsAtOnce(shape.group())} * args.tile;
    const std::uint64_t parts = shape.group() / headsAtOnce(shape.group());
    const std::uint64_t tiles = args.columns / args.tile * parts;
    const std::uint32_t run = valueRun(library, shape.valueDim);
    const std::uint64_t rounds = ceilDiv(dv / run, lanes);  // passes of the lanes over the dimensions
    const RowStorage& values = shape.shared ? *shape.key : *shape.value;
    Traffic traffic;
    auto& index = traffic.category[shared::kCatIndex];
    auto& kv = traffic.category[shared::kCatKvRead];
    auto& activations = traffic.category[shared::kCatActivations];
    const std::uint64_t windowed = args.cache.firstBase != 0 ? 4 : 0;
    for (const SlotRange& range : rows) {
        index.requested += tiles * args.splits * (8 + windowed);  // sequence and row count, in every workgroup
        for (std::uint64_t begin = range.first / shared::kSplitRows * shared::kSplitRows; begin < range.count;
             begin += shared::kSplitRows) {
            const std::uint64_t from = std::max<std::uint64_t>(begin, range.first);
            const std::uint64_t n = std::min<std::uint64_t>(begin + shared::kSplitRows, range.count) - from;
            const std::uint64_t steps = ceilDiv(n, lanes);
            index.requested += tiles * (4 * slots + 4 * steps + 4 * n + 4 * ceilDiv(n, shared::kPageRows) * rounds);
            kv.requested += tiles * n * (shape.key->rowRequested(shape.headDim) + dv / run * values.runRequested(run));
            activations.requested += tiles * steps * slots * d * 4;
            activations.written += tiles * slots * (8 + 4 * dv);
            traffic.flops += 2 * tiles * slots * n * (d + dv);
        }
        if (args.splitBase != 0) {  // a second stream's empty splits say so
            activations.written += tiles * slots * 8 * (args.splits - splitsOf(range));
        }
        kv.unique += rowsUniqueBytes(shape, range.rows());
        index.unique += 4 + windowed + 4 * ceilDiv(range.rows(), shared::kPageRows) + 4 * std::uint64_t{range.rows()};
    }
    const auto filled = static_cast<std::uint64_t>(std::ranges::count_if(rows, [](auto r) { return r.rows() > 0; }));
    index.unique += std::uint64_t{4} * (args.columns / args.tile);  // sequences of tiles
    if (filled > 0) index.unique += std::uint64_t{4} * args.columns;
    activations.unique = 4 * d * shape.group() * args.columns * filled;
    return traffic;
}

Traffic attnGatherTraffic(const KernelLibrary& library, const AttentionArgs& args,
                          std::span<const std::uint32_t> chosen) {
    const AttentionShape& shape = args.shape;
    const std::uint64_t d = shape.headDim;
    const std::uint64_t dv = shape.valueDim;
    const std::uint64_t lanes = library.reductionLanes();
    const std::uint64_t heads = headsAtOnce(shape.group());
    const std::uint64_t parts = shape.heads / heads;
    const std::uint32_t run = valueRun(library, shape.valueDim);
    const std::uint64_t runs = dv / run;
    const RowStorage& values = shape.shared ? *shape.key : *shape.value;
    Traffic traffic;
    auto& index = traffic.category[shared::kCatIndex];
    auto& kv = traffic.category[shared::kCatKvRead];
    auto& activations = traffic.category[shared::kCatActivations];
    for (const std::uint32_t count : chosen) {
        // in every workgroup: the sequence, and by every lane the count
        index.requested += parts * args.splits * (4 + 4 * lanes);
        for (std::uint64_t first = 0; first < count; first += shared::kSplitRows) {
            const std::uint64_t n = std::min<std::uint64_t>(shared::kSplitRows, count - first);
            // positions of the query; a slot, its page and its position by a lane a row; slot and page a run of values
            index.requested += parts * (4 * heads + 12 * n + 8 * n * runs);
            kv.requested += parts * n * (shape.key->rowRequested(shape.headDim) + runs * values.runRequested(run));
            activations.requested += parts * ceilDiv(n, lanes) * heads * d * 4;
            activations.written += parts * heads * (8 + 4 * dv);
            traffic.flops += 2 * parts * heads * n * (d + dv);
        }
        activations.written += parts * heads * 8 * (args.splits - ceilDiv(count, shared::kSplitRows));
        kv.unique += std::uint64_t{count} * shape.rowBytes();
        index.unique += 8 + 4 + 12 * std::uint64_t{count};
    }
    activations.unique = 4 * d * shape.heads * chosen.size();
    return traffic;
}

Traffic attnCombineTraffic(const KernelLibrary& library, const AttentionArgs& args, std::span<const SlotRange> rows,
                           const SecondStream& more) {
    const std::uint64_t d = args.shape.valueDim;
    const std::uint64_t rounds = ceilDiv(d / 4, library.reductionLanes());
    const std::uint64_t each = std::uint64_t{args.shape.group()} * args.columns;
    const std::uint64_t seconds = args.splitsAll > args.splits ? args.splitsAll - args.splits : 0;
    const std::uint64_t windowed = args.cache.firstBase != 0 ? 4 : 0;
    Traffic traffic;
    auto& index = traffic.category[shared::kCatIndex];
    auto& activations = traffic.category[shared::kCatActivations];
    for (std::size_t head = 0; head < rows.size(); ++head) {
        const std::uint64_t splits = splitsOf(rows[head]);
        const std::uint64_t seen =
            more.second.empty() ? splits : splitsOf(more.first[head]) + splitsOf(more.second[head]);
        index.requested += each * (8 + windowed);
        activations.requested += each * ((splits + seconds) * (16 + 8 * rounds) + seen * 4 * d);
        activations.unique += each * ((splits + seconds) * 8 + seen * 4 * d);
        activations.written += each * 4 * d;
    }
    index.unique = std::uint64_t{4} * args.columns + (4 + windowed) * rows.size();
    if (args.sinks != nullptr) {
        traffic.category[shared::kCatWeights].requested = std::uint64_t{4} * args.shape.heads * args.columns;
        traffic.category[shared::kCatWeights].unique = std::uint64_t{4} * args.shape.heads;
    }
    return traffic;
}

Result<Dispatch> attnScores(KernelLibrary& library, const ErrorArgs& args) {
    const AttentionShape& shape = args.attention.shape;
    shared::AttentionPush push = makePush(args.attention);
    push.exactRows = args.rowCapacity;
    auto dispatch =
        make(library.get("attn_scores", library.reductionLanes(),
                         {shape.key->id, shape.headDim, shape.group(), shape.chunk(), shape.softcap > 0 ? 1U : 0U},
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
    push.tapBase = args.tapBase;
    auto dispatch =
        make(library.get("attn_error", library.reductionLanes(),
                         {shape.headDim, shape.group(), shape.valueDim, shape.shared ? 1U : 0U,
                          shape.softcap > 0 ? 1U : 0U, args.attention.sinks != nullptr ? 1U : 0U},
                         sizeof(shared::AttentionPush)),
             push,
             {args.attention.cache.columns, args.attention.cache.index, args.attention.cache.positions, args.exact,
              args.attention.query.buffer, args.scores, args.exactScores, args.attention.out.buffer, args.records,
              args.taps, args.attention.sinks != nullptr ? args.attention.sinks : args.exactScores});
    if (!dispatch) return dispatch;
    dispatch->x = shape.heads;
    return dispatch;
}

}  // namespace kvscope::kernels
