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
        if (fusable(i)) {
            if (auto done = ropeAppend(i); !done) return done;
            i += 2;
            continue;
        }
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
        args.out = executor.m_activations.view(op.out);
        args.columns = key.columns;
        args.scale = op.scale;
        if (auto done = add(kernels::embed(executor.m_library, args), {}); !done) return done;
    }
    return {};
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::NormOp& op) {
    kernels::NormArgs args;
    args.in = executor.m_activations.view(op.in);
    args.out = executor.m_activations.view(op.out);
    args.gain = executor.m_weights.vector(op.gain).buffer;
    args.gainOffset = executor.m_weights.vector(op.gain).offset;
    args.width = op.groupWidth != 0 ? op.groupWidth : op.in.width;
    args.groups = op.in.width / args.width;
    args.columns = key.columns;
    args.eps = op.eps;
    return add(kernels::norm(executor.m_library, args), {});
}

Result<void> StepExecutor::Builder::product(const DeviceMatrix& matrix, kernels::MatMulArgs args,
                                            std::uint32_t firstColumn) {
    const kernels::ColumnsView in = args.in;
    const kernels::ColumnsView out = args.out;
    const bool blocks = args.blocks > 1;
    for (const WeightPiece& piece : matrix.pieces) {
        args.weight = piece.view;
        args.out.offset = out.offset + (blocks ? piece.unitBegin * args.outStep : piece.rowBegin);
        args.in.offset = in.offset + (blocks ? piece.unitBegin * args.inStep : 0);
        if (blocks) args.blocks = piece.units;
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
        const model::ProductPart& part = op.parts[firsts[m]];
        kernels::MatMulArgs args;
        args.in = executor.m_activations.view(op.in);
        args.out = executor.m_activations.view(part.out);
        args.mode = op.addTo ? kernels::ProductMode::Add : kernels::ProductMode::Store;
        args.scale = part.scale;
        args.blocks = op.groups;
        args.inStep = op.inStep;
        args.outStep = op.outStep;
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
    args.out = executor.m_activations.view(op.out);
    args.mode = kernels::ProductMode::Gated;
    args.gelu = op.activation == model::Activation::GeluTanh;
    args.clampAt = op.clamp;
    return product(executor.m_weights.product(index).front(), args, 0);
}

}  // namespace kvscope::runtime
