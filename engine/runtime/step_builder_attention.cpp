// SPDX-License-Identifier: Apache-2.0
// Rotation, append and attention of a step.
#include <algorithm>

#include "engine/kernels/compressed.h"
#include "engine/runtime/step_builder.h"
#include "shaders/shared/constants.h"

namespace kvscope::runtime {

namespace {

/// Columns of a step that append a row to a stream of blocks of `step` tokens.
std::uint32_t endingBlocks(std::span<const StepColumn> columns, std::uint32_t step) {
    return static_cast<std::uint32_t>(
        std::ranges::count_if(columns, [step](const StepColumn& c) { return (c.position + 1) % step == 0; }));
}

/// Runs of columns of one sequence inside the columns of a dispatch.
template <typename Visit>
void eachSequence(std::span<const StepColumn> columns, std::uint32_t begin, std::uint32_t end, Visit&& visit) {
    while (begin < end) {
        std::uint32_t same = begin;
        while (same < end && columns[same].sequence == columns[begin].sequence) ++same;
        visit(columns[begin].sequence, begin, same);
        begin = same;
    }
}

std::vector<kernels::SlotRange> slotsOf(const cache::RegionStore& store, std::uint32_t sequence, std::uint32_t stream) {
    std::vector<kernels::SlotRange> rows;
    for (std::uint32_t head = 0; head < store.cells().kvHeads(stream); ++head) {
        const cache::HeadRef ref{sequence, stream, head};
        rows.push_back({store.cells().slots(ref), store.cells().firstSlot(ref)});
    }
    return rows;
}

}  // namespace

bool StepExecutor::Builder::fusable(std::size_t index) const {
    const auto& operations = executor.m_program.operations;
    if (index + 2 >= operations.size()) return false;
    const auto* query = std::get_if<model::RopeOp>(&operations[index]);
    const auto* keys = std::get_if<model::RopeOp>(&operations[index + 1]);
    const auto* append = std::get_if<model::AppendOp>(&operations[index + 2]);
    if (query == nullptr || keys == nullptr || append == nullptr) return false;
    const cache::StreamShape& stream = executor.m_store.shape().streams[append->stream];
    const auto& table = executor.m_activations.ropeTableOf;
    return table[index] == table[index + 1] && query->pairing == keys->pairing && query->begin == keys->begin &&
           !query->inverse && !keys->inverse && keys->heads == append->key && query->headDim == stream.headDim &&
           keys->headDim == stream.headDim && stream.tokensPerRow == 1;
}

kernels::RopeAppendArgs StepExecutor::Builder::rotation(std::size_t index, const model::RopeOp& op) const {
    const Activations& a = executor.m_activations;
    kernels::RopeAppendArgs args;
    args.shape = executor.m_store.attentionShape(0);
    args.shape.kvHeads = 0;
    args.shape.heads = op.heads.width / op.headDim;
    args.cache = executor.m_store.view(0, &a.columns);
    args.query = a.view(op.heads);
    args.queryHead = op.headDim;
    args.ropeTable = &a.ropeTables[a.ropeTableOf[index]];
    args.begin = op.begin;
    args.pairs = static_cast<std::uint32_t>(op.frequencies.size());
    args.halves = op.pairing == model::RopePairing::Halves;
    args.inverse = op.inverse;
    args.columns = key.columns;
    args.appended = 0;
    return args;
}

void StepExecutor::Builder::appendTo(std::uint32_t stream, const model::AppendOp& op,
                                     kernels::RopeAppendArgs& args) const {
    const Activations& a = executor.m_activations;
    const std::uint32_t heads = args.shape.heads;
    const std::uint32_t layer = executor.m_store.shape().streams[stream].layer;
    args.shape = executor.m_store.attentionShape(stream);
    args.shape.heads = heads;
    args.cache = executor.m_store.view(stream, &a.columns);
    args.key = a.view(op.key);
    if (!args.shape.shared) args.value = a.view(op.value);
    args.slotBase = executor.m_store.slotBase(stream);
    args.slotStride = executor.m_store.shape().maxColumns;
    const bool rows = executor.m_store.shape().streams[stream].tokensPerRow == 1;
    args.exact = rows && key.keepAside && error.covers(layer) ? &error.exactRows(layer) : nullptr;
    args.columns = key.columns;
    args.appended = key.columns;
}

Result<void> StepExecutor::Builder::addAppend(const kernels::RopeAppendArgs& args, std::uint32_t stream) {
    Recorded info;
    const std::uint32_t step = executor.m_store.shape().streams[stream].tokensPerRow;
    if (step > 1) {
        info.dynamic = [args = kernels::RopeAppendArgs(args), step](std::span<const StepColumn> columns) mutable {
            args.appended = endingBlocks(columns, step);
            return kernels::ropeAppendTraffic(args);
        };
    }
    return add(kernels::ropeAppend(executor.m_library, args), std::move(info));
}

Result<void> StepExecutor::Builder::ropeAppend(std::size_t index) {
    const auto& operations = executor.m_program.operations;
    const auto& append = std::get<model::AppendOp>(operations[index + 2]);
    kernels::RopeAppendArgs args = rotation(index, std::get<model::RopeOp>(operations[index]));
    appendTo(append.stream, append, args);
    return addAppend(args, append.stream);
}

Result<void> StepExecutor::Builder::operation(std::size_t index, const model::RopeOp& op) {
    return add(kernels::ropeAppend(executor.m_library, rotation(index, op)), {});
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::AppendOp& op) {
    kernels::RopeAppendArgs args;
    appendTo(op.stream, op, args);
    return addAppend(args, op.stream);
}

kernels::AttentionArgs StepExecutor::Builder::attention(const model::AttendOp& op, std::size_t read) const {
    const Activations& a = executor.m_activations;
    const model::StreamRead& from = op.reads[read];
    kernels::AttentionArgs args;
    args.shape = executor.m_store.attentionShape(from.stream);
    args.shape.heads = op.heads;
    args.shape.scale = op.scale;
    args.shape.softcap = op.softcap;
    args.shape.nativeWindow = from.window;
    args.cache = executor.m_store.view(from.stream, &a.columns);
    args.query = a.view(op.query);
    args.out = a.view(op.out);
    args.partial = &a.partial;
    args.stats = &a.stats;
    args.splits = executor.m_store.splitCapacity(from.stream);
    for (std::size_t i = 0; i < op.reads.size(); ++i) {
        const std::uint32_t splits = executor.m_store.splitCapacity(op.reads[i].stream);
        args.splitsAll += splits;
        if (i < read) args.splitBase += splits;
    }
    if (from.selected) {
        const vulkan::Buffer& lists = a.chosen.at(op.layer);
        args.lists = &lists;
        args.listStride = executor.chosenStride(op.layer);
    }
    args.sinks = executor.m_weights.vector(op.sinks).buffer;
    args.sinkOffset = executor.m_weights.vector(op.sinks).offset;
    args.columns = key.columns;
    return args;
}

Result<void> StepExecutor::Builder::decode(const model::AttendOp& op, std::size_t read) {
    kernels::AttentionArgs args = attention(op, read);
    const StepExecutor* self = &executor;
    const std::uint32_t stream = op.reads[read].stream;
    for (const Part& part : parts(0, key.columns)) {
        args.columnBegin = part.begin;
        args.columns = part.count;
        const bool tiled = key.singleSequence && part.count >= 8 && args.lists == nullptr;
        args.tile = tiled ? kernels::attentionTile(args.shape.group(), part.count) : 1;
        Recorded info;
        if (args.lists == nullptr) {
            info.dynamic = [self, args, stream](std::span<const StepColumn> columns) {
                kernels::Traffic sum;
                kernels::AttentionArgs one = args;
                eachSequence(columns, args.columnBegin, args.columnBegin + args.columns,
                             [&](std::uint32_t sequence, std::uint32_t begin, std::uint32_t end) {
                                 one.columns = end - begin;
                                 const auto rows = slotsOf(self->m_store, sequence, stream);
                                 sum += kernels::attnDecodeTraffic(self->m_library, one, rows);
                             });
                return sum;
            };
        } else {
            const std::uint32_t step = executor.m_store.shape().streams[stream].tokensPerRow;
            info.dynamic = [self, args, step](std::span<const StepColumn> columns) {
                std::vector<std::uint32_t> chosen;
                for (const StepColumn& column : columns.subspan(args.columnBegin, args.columns)) {
                    chosen.push_back(std::min(args.listStride - 1, (column.position + 1) / step));
                }
                return kernels::attnGatherTraffic(self->m_library, args, chosen);
            };
        }
        if (auto done = add(kernels::attnDecode(executor.m_library, args), std::move(info)); !done) return done;
    }
    return {};
}

/// Of attn_combine over two streams, column by column: what a column sees decides which splits are read.
kernels::Traffic StepExecutor::joinTraffic(kernels::AttentionArgs args, std::span<const model::StreamRead> reads,
                                           std::uint32_t topK, std::span<const StepColumn> columns) const {
    kernels::Traffic sum;
    std::uint32_t sequence = columns.front().sequence + 1;
    const std::uint32_t step = m_store.shape().streams[reads[1].stream].tokensPerRow;
    args.columns = 1;
    for (const StepColumn& column : columns) {
        const auto rows = slotsOf(m_store, column.sequence, reads[0].stream);
        auto first = rows;
        for (kernels::SlotRange& range : first) {
            range.count = std::min(range.count, column.position + 1);
            const std::uint32_t window = reads[0].window;
            if (window != 0 && range.count > window) range.first = std::max(range.first, range.count - window);
        }
        auto second = slotsOf(m_store, column.sequence, reads[1].stream);
        const std::uint32_t seen = (column.position + 1) / step;
        for (kernels::SlotRange& range : second) range.count = std::min(range.count, seen);
        if (reads[1].selected) second.assign(1, {std::min(topK, seen), 0});
        kernels::Traffic one = kernels::attnCombineTraffic(m_library, args, rows, {first, second});
        if (column.sequence == sequence) {  // its row counts were read for the column before
            one.category[shared::kCatIndex].unique = 4;
        }
        sequence = column.sequence;
        sum += one;
    }
    return sum;
}

Result<void> StepExecutor::Builder::combine(const model::AttendOp& op) {
    const kernels::AttentionArgs args = attention(op, 0);
    const StepExecutor* self = &executor;
    Recorded info;
    if (op.reads.size() == 1) {
        info.dynamic = [self, args, stream = op.reads.front().stream](std::span<const StepColumn> columns) {
            kernels::Traffic sum;
            kernels::AttentionArgs one = args;
            eachSequence(columns, 0, static_cast<std::uint32_t>(columns.size()),
                         [&](std::uint32_t sequence, std::uint32_t begin, std::uint32_t end) {
                             one.columns = end - begin;
                             sum += kernels::attnCombineTraffic(self->m_library, one,
                                                                slotsOf(self->m_store, sequence, stream));
                         });
            return sum;
        };
    } else {
        const std::uint32_t topK = op.reads[1].selected ? executor.chosenStride(op.layer) - 1 : 0;
        info.dynamic = [self, args, topK, reads = op.reads](std::span<const StepColumn> columns) {
            return self->joinTraffic(args, reads, topK, columns);
        };
    }
    return add(kernels::attnCombine(executor.m_library, args), std::move(info));
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::AttendOp& op) {
    for (std::size_t read = 0; read < op.reads.size(); ++read) {
        if (auto done = decode(op, read); !done) return done;
    }
    if (auto done = combine(op); !done) return done;
    return probe(op);
}

Result<void> StepExecutor::Builder::probe(const model::AttendOp& op) {
    const std::uint32_t owner = executor.m_store.shape().streams[op.reads.front().stream].layer;
    if (key.errorColumn < 0 || !error.judges(op.layer)) return {};
    kernels::ErrorArgs args;
    args.attention = attention(op, 0);
    args.attention.columnBegin = static_cast<std::uint32_t>(key.errorColumn);
    args.attention.columns = 1;
    args.exact = &error.exactRows(owner);
    args.scores = &error.scores();
    args.exactScores = &error.exactScores();
    args.records = &error.records();
    args.taps = &error.taps();
    args.rowCapacity = error.shape().rowCapacity;
    args.record = error.record(op.layer);
    args.tapBase = error.tap(op.layer);
    const Recorded info{.kernel = {}, .probe = true, .traffic = {}, .dynamic = {}};
    if (auto done = add(kernels::attnScores(executor.m_library, args), info); !done) return done;
    return add(kernels::attnError(executor.m_library, args), info);
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::CompressOp& op) {
    const Activations& a = executor.m_activations;
    kernels::CompressArgs args;
    args.columnInfo = &a.columns;
    args.value = a.view(op.value);
    args.gate = a.view(op.gate);
    args.out = a.view(op.out);
    args.ape = executor.m_weights.vector(op.ape).buffer;
    args.apeOffset = executor.m_weights.vector(op.ape).offset;
    args.ring = &executor.m_store.ring(op.state);
    args.ringTokens = executor.m_store.shape().rings[op.state].tokens;
    args.width = op.width;
    args.ratio = op.ratio;
    args.overlap = op.overlap;
    args.columns = key.columns;
    if (auto done = add(kernels::compressStore(executor.m_library, args), {}); !done) return done;
    Recorded info;
    info.dynamic = [self = &executor, args](std::span<const StepColumn> columns) mutable {
        args.blocks = endingBlocks(columns, args.ratio);
        args.firstBlocks = static_cast<std::uint32_t>(
            std::ranges::count_if(columns, [&](const StepColumn& c) { return c.position + 1 == args.ratio; }));
        return kernels::compressPoolTraffic(self->m_library, args);
    };
    return add(kernels::compressPool(executor.m_library, args), std::move(info));
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::SelectOp& op) {
    const Activations& a = executor.m_activations;
    kernels::SelectArgs args;
    args.shape = executor.m_store.attentionShape(op.index);
    args.cache = executor.m_store.view(op.index, &a.columns);
    args.query = a.view(op.query);
    args.weights = a.view(op.weights);
    args.scores = &a.indexScores;
    args.lists = &a.chosen.at(op.layer);
    args.capacity = a.indexCapacity;
    args.heads = op.heads;
    args.topK = op.topK;
    args.scale = op.scale;
    args.columns = key.columns;
    const std::uint32_t step = executor.m_store.shape().streams[op.index].tokensPerRow;
    // slots of the sequence and what each of its columns sees
    using Visit = std::function<kernels::Traffic(std::span<const std::uint32_t>, std::span<const std::uint32_t>)>;
    const auto bySequence = [self = &executor, stream = op.index, step](std::span<const StepColumn> columns,
                                                                        const Visit& visit) {
        kernels::Traffic sum;
        eachSequence(columns, 0, static_cast<std::uint32_t>(columns.size()),
                     [&](std::uint32_t sequence, std::uint32_t begin, std::uint32_t end) {
                         const std::vector<std::uint32_t> rows(end - begin,
                                                               self->m_store.cells().slots({sequence, stream, 0}));
                         std::vector<std::uint32_t> visible;
                         for (const StepColumn& c : columns.subspan(begin, end - begin)) {
                             visible.push_back((c.position + 1) / step);
                         }
                         sum += visit(rows, visible);
                     });
        return sum;
    };
    Recorded scores;
    scores.dynamic = [self = &executor, args, bySequence](std::span<const StepColumn> columns) {
        return bySequence(columns, [&](std::span<const std::uint32_t> rows, std::span<const std::uint32_t>) {
            return kernels::indexScoresTraffic(self->m_library, args, rows);
        });
    };
    if (auto done = add(kernels::indexScores(executor.m_library, args), std::move(scores)); !done) return done;
    Recorded chosen;
    chosen.dynamic = [self = &executor, args, bySequence](std::span<const StepColumn> columns) {
        return bySequence(columns, [&](std::span<const std::uint32_t> rows, std::span<const std::uint32_t> visible) {
            return kernels::indexSelectTraffic(self->m_library, args, rows, visible);
        });
    };
    return add(kernels::indexSelect(executor.m_library, args), std::move(chosen));
}

}  // namespace kvscope::runtime
