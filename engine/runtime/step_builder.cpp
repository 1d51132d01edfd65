// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/step_builder.h"

#include <algorithm>

#include "engine/kernels/rows.h"

namespace kvscope::runtime {

namespace {

/// Arithmetic speed that a prediction of a dispatch's time starts from; only the order of magnitude matters.
double assumedFlops(const vulkan::PhysicalDevice& device) {
    if (device.isCpu()) return 6e9;
    return device.type == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU ? 2e12 : 2e11;
}

constexpr double kLongestDispatch = 0.05;  // seconds

}  // namespace

std::vector<StepExecutor::Builder::Part> StepExecutor::Builder::parts(std::uint32_t first, std::uint32_t columns) {
    std::vector<Part> list;
    std::uint32_t left = columns - first;
    std::uint32_t begin = first;
    if (left >= 8) {
        list.push_back({begin, left / 8 * 8});
        begin += left / 8 * 8;
        left %= 8;
    }
    if (left > 0) list.push_back({begin, left});
    return list;
}

Result<void> StepExecutor::Builder::add(Result<kernels::Dispatch> dispatch, Recorded info) {
    if (!dispatch) return forward(dispatch);
    info.kernel = dispatch->pipeline->name();
    info.traffic = dispatch->traffic;
    const double flops = static_cast<double>(dispatch->traffic.flops);
    planned.push_back(
        {std::move(*dispatch), std::move(info), flops / assumedFlops(executor.m_library.device().physical())});
    return {};
}

Result<void> StepExecutor::Builder::build() {
    const auto& operations = executor.m_program.operations;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        auto done = std::visit([&](const auto& op) { return operation(i, op); }, operations[i]);
        if (!done) return done;
    }
    return {};
}

Result<void> StepExecutor::Builder::operation(std::size_t index, const model::EmbedOp& op) {
    for (const WeightPiece& piece : executor.m_weights.product(index).front().pieces) {
        kernels::EmbedArgs args;
        args.table = piece.view;
        args.rowBegin = piece.rowBegin;
        args.columnInfo = &executor.m_activations.columns;
        args.out = executor.m_activations.view(model::Slot::Hidden);
        args.columns = key.columns;
        args.scale = op.scale;
        if (auto done = add(kernels::embed(executor.m_library, args), {}); !done) return done;
    }
    return {};
}

Result<void> StepExecutor::Builder::operation(std::size_t index, const model::NormOp& op) {
    kernels::NormArgs args;
    args.in = executor.m_activations.view(op.in);
    args.out = executor.m_activations.view(op.out);
    args.gain = executor.m_weights.vector(index).buffer;
    args.gainOffset = executor.m_weights.vector(index).offset;
    args.width = executor.m_program.hparams.nEmbd;
    args.columns = key.columns;
    args.eps = op.eps;
    return add(kernels::norm(executor.m_library, args), {});
}

Result<void> StepExecutor::Builder::product(const DeviceMatrix& matrix, kernels::MatMulArgs args,
                                            std::uint32_t firstColumn) {
    const std::uint32_t offset = args.out.offset;
    for (const WeightPiece& piece : matrix.pieces) {
        args.weight = piece.view;
        args.out.offset = offset + piece.rowBegin;
        args.bias = matrix.bias;
        args.biasOffset = matrix.biasOffset + piece.rowBegin;
        const double flops = 2.0 * piece.view.rows * piece.view.runs * 32;
        const double columnsAtOnce = kLongestDispatch * assumedFlops(executor.m_library.device().physical()) / flops;
        const auto most = std::max(8U, static_cast<std::uint32_t>(std::min(columnsAtOnce, 65536.0)) / 8 * 8);
        for (const Part& part : parts(firstColumn, key.columns)) {
            for (std::uint32_t at = 0; at < part.count; at += most) {
                args.columnBegin = part.begin + at;
                args.columns = std::min(most, part.count - at);
                args.tile = part.count >= 8 ? kernels::productTile(executor.m_library) : 1;
                if (auto done = add(kernels::matMul(executor.m_library, args), {}); !done) return done;
            }
        }
    }
    return {};
}

Result<void> StepExecutor::Builder::operation(std::size_t index, const model::ProductOp& op) {
    const auto& matrices = executor.m_weights.product(index);
    const auto& firsts = executor.m_weights.firstParts(index);
    for (std::size_t m = 0; m < matrices.size(); ++m) {
        kernels::MatMulArgs args;
        args.in = executor.m_activations.view(op.in);
        args.out = executor.m_activations.view(op.parts[firsts[m]].out);
        args.mode = op.addTo ? kernels::ProductMode::Add : kernels::ProductMode::Store;
        const std::uint32_t first = op.lastColumnsOnly ? key.logitsFrom : 0;
        // the logits buffer begins with the first wanted column; the difference wraps around as the kernel's sum does
        if (op.lastColumnsOnly) args.out.offset -= first * args.out.stride;
        if (auto done = product(matrices[m], args, first); !done) return done;
    }
    return {};
}

Result<void> StepExecutor::Builder::operation(std::size_t index, const model::GatedOp& op) {
    kernels::MatMulArgs args;
    args.in = executor.m_activations.view(op.in);
    args.out = executor.m_activations.view(model::Slot::FeedForward);
    args.mode = kernels::ProductMode::Gated;
    return product(executor.m_weights.product(index).front(), args, 0);
}

Result<void> StepExecutor::Builder::operation(std::size_t index, const model::RopeOp& op) {
    const Activations& a = executor.m_activations;
    kernels::RopeAppendArgs args;
    args.shape = executor.m_store.attentionShape();
    args.cache = executor.m_store.view(op.layer, &a.columns);
    args.activations = a.view(model::Slot::Query).buffer;
    args.queryOffset = a.view(model::Slot::Query).offset;
    args.keyOffset = a.view(model::Slot::Key).offset;
    args.valueOffset = a.view(model::Slot::Value).offset;
    args.stride = a.view(model::Slot::Query).stride;
    args.ropeTable = &a.ropeTables[a.ropeTableOf[index]];
    args.pairs = static_cast<std::uint32_t>(op.frequencies.size());
    args.halves = op.pairing == model::RopePairing::Halves;
    args.slotBase = executor.m_store.slotBase(op.layer);
    args.slotStride = executor.m_store.shape().maxColumns;
    args.exact = key.keepAside && error.covers(op.layer) ? &error.exactRows(op.layer) : nullptr;
    args.columns = key.columns;
    return add(kernels::ropeAppend(executor.m_library, args), {.layer = op.layer});
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::AttendOp& op) {
    const Activations& a = executor.m_activations;
    kernels::AttentionArgs args;
    args.shape = executor.m_store.attentionShape();
    args.shape.scale = op.scale;
    args.shape.nativeWindow = op.window;
    args.cache = executor.m_store.view(op.source, &a.columns);
    args.query = a.view(model::Slot::Query);
    args.out = a.view(model::Slot::Attention);
    args.partial = &a.partial;
    args.stats = &a.stats;
    args.splits = executor.m_store.splitCapacity();
    for (const Part& part : parts(0, key.columns)) {
        args.columnBegin = part.begin;
        args.columns = part.count;
        args.tile = key.singleSequence && part.count >= 8 ? kernels::attentionTile(args.shape.group(), part.count) : 1;
        Recorded info{.kind = Kind::Decode, .layer = op.layer, .attention = args};
        if (auto done = add(kernels::attnDecode(executor.m_library, args), std::move(info)); !done) return done;
    }
    args.columnBegin = 0;
    args.columns = key.columns;
    args.tile = 1;
    Recorded info{.kind = Kind::Combine, .layer = op.layer, .attention = args};
    if (auto done = add(kernels::attnCombine(executor.m_library, args), std::move(info)); !done) return done;
    return probe(args, op.layer);
}

Result<void> StepExecutor::Builder::probe(const kernels::AttentionArgs& attention, std::uint32_t layer) {
    if (key.errorColumn < 0 || !error.covers(layer)) return {};
    kernels::ErrorArgs args;
    args.attention = attention;
    args.attention.columnBegin = static_cast<std::uint32_t>(key.errorColumn);
    args.attention.columns = 1;
    args.exact = &error.exactRows(layer);
    args.scores = &error.scores();
    args.exactScores = &error.exactScores();
    args.records = &error.records();
    args.taps = &error.taps();
    args.rowCapacity = error.shape().rowCapacity;
    args.record = layer * attention.shape.heads;
    const Recorded info{.kind = Kind::Probe, .layer = layer};
    if (auto done = add(kernels::attnScores(executor.m_library, args), info); !done) return done;
    return add(kernels::attnError(executor.m_library, args), info);
}

}  // namespace kvscope::runtime
