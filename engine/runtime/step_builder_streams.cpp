// SPDX-License-Identifier: Apache-2.0
// Element by element operations, experts and mixed streams of a step.
#include "engine/kernels/elementwise.h"
#include "engine/runtime/step_builder.h"
#include "shaders/shared/constants.h"

namespace kvscope::runtime {

namespace {

constexpr std::uint32_t mapKind(model::MapKind kind) {
    return static_cast<std::uint32_t>(kind);
}
static_assert(mapKind(model::MapKind::Add) == shared::kMapAdd && mapKind(model::MapKind::Gain) == shared::kMapGain &&
              mapKind(model::MapKind::Softcap) == shared::kMapSoftcap);
static_assert(static_cast<std::uint32_t>(model::Gating::SqrtSoftplus) == shared::kGateSoftplus);

}  // namespace

Result<void> StepExecutor::Builder::operation(std::size_t, const model::MapOp& op) {
    kernels::MapArgs args;
    args.kind = mapKind(op.kind);
    args.a = executor.m_activations.view(op.a);
    args.b = executor.m_activations.view(op.b);
    args.out = executor.m_activations.view(op.out);
    args.gain = executor.m_weights.vector(op.gain).buffer;
    args.gainOffset = executor.m_weights.vector(op.gain).offset;
    args.gainWidth = op.gain.present() ? executor.m_weights.values(op.gain) : 1;
    args.width = op.out.width;
    args.columns = op.lastColumnsOnly ? key.columns - key.logitsFrom : key.columns;
    args.constant = op.constant;
    return add(kernels::map(executor.m_library, args), {});
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::CopyHeadsOp& op) {
    kernels::CopyHeadsArgs args;
    args.in = executor.m_activations.view(op.in);
    args.out = executor.m_activations.view(op.out);
    args.heads = op.heads;
    args.width = op.width;
    args.inStep = op.inStep;
    args.outStep = op.outStep;
    args.columns = key.columns;
    return add(kernels::copyHeads(executor.m_library, args), {});
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::MatchNormOp& op) {
    kernels::ColumnStatsArgs args;
    args.in = executor.m_activations.view(op.a);
    args.other = executor.m_activations.view(op.reference);
    args.out = executor.m_activations.view(op.out);
    args.width = op.out.width;
    args.columns = key.columns;
    return add(kernels::matchNorm(executor.m_library, args), {});
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::SparseOp& op) {
    kernels::ColumnStatsArgs args;
    args.in = executor.m_activations.view(op.values);
    args.out = args.in;
    args.width = op.values.width;
    args.columns = key.columns;
    args.multiplier = op.multiplier;
    return add(kernels::sparse(executor.m_library, args), {});
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::RouteOp& op) {
    kernels::RouteArgs args;
    args.columnInfo = &executor.m_activations.columns;
    args.in = executor.m_activations.view(op.in);
    args.out = executor.m_activations.view(op.out);
    args.bias = executor.m_weights.vector(op.bias).buffer;
    args.biasOffset = executor.m_weights.vector(op.bias).offset;
    args.table = executor.m_weights.vector(op.table).buffer;
    args.gain = executor.m_weights.vector(op.gain).buffer;
    args.gainOffset = executor.m_weights.vector(op.gain).offset;
    args.experts = op.in.width;
    args.used = op.used;
    args.groups = op.groups;
    args.groupsUsed = op.groupsUsed;
    args.gating = static_cast<std::uint32_t>(op.gating);
    args.normalise = op.normalise;
    args.scale = op.scale;
    args.columns = key.columns;
    return add(kernels::route(executor.m_library, args), {});
}

Result<void> StepExecutor::Builder::experts(const DeviceMatrix& matrix, kernels::MatMulArgs args) {
    for (const WeightPiece& piece : matrix.pieces) {
        args.weight = piece.view;
        args.experts = piece.units;
        args.expertBegin = piece.unitBegin;
        args.columns = key.columns;
        if (auto done = add(kernels::matMul(executor.m_library, args), {}); !done) return done;
    }
    return {};
}

Result<void> StepExecutor::Builder::operation(std::size_t index, const model::ExpertGatedOp& op) {
    const kernels::ColumnsView route = executor.m_activations.view(op.route);
    kernels::MatMulArgs args;
    args.in = executor.m_activations.view(op.in);
    args.out = executor.m_activations.view(op.out);
    args.mode = kernels::ProductMode::Gated;
    args.gelu = op.activation == model::Activation::GeluTanh;
    args.clampAt = op.clamp;
    args.blocks = op.used;
    args.outStep = op.out.width / op.used;
    args.route = &route;
    return experts(executor.m_weights.product(index).front(), args);
}

Result<void> StepExecutor::Builder::operation(std::size_t index, const model::ExpertDownOp& op) {
    const kernels::ColumnsView route = executor.m_activations.view(op.route);
    kernels::MatMulArgs args;
    args.in = executor.m_activations.view(op.in);
    args.out = executor.m_activations.expertResults();
    args.blocks = op.used;
    args.inStep = op.in.width / op.used;
    args.outStep = op.out.width;
    args.route = &route;
    if (auto done = experts(executor.m_weights.product(index).front(), args); !done) return done;
    kernels::StreamMixArgs mix;
    mix.in = executor.m_activations.expertResults();
    mix.out = executor.m_activations.view(op.out);
    mix.coefficients = route;
    mix.matrix = op.used;  // weights follow the ids
    mix.columnStep = 1;
    mix.width = op.out.width;
    mix.inputs = op.used;
    mix.addTo = op.addTo;
    mix.columns = key.columns;
    return add(kernels::streamMix(executor.m_library, mix), {});
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::StreamMixOp& op) {
    kernels::StreamMixArgs args;
    args.in = executor.m_activations.view(op.in);
    args.out = executor.m_activations.view(op.out);
    args.coefficients = executor.m_activations.view(op.coefficients);
    if (op.addend.width > 0) args.addend = executor.m_activations.view(op.addend);
    args.width = op.out.width / op.outputs;
    args.inputs = op.inputs;
    args.outputs = op.outputs;
    args.matrix = op.matrix;
    args.rowStep = op.rowStep;
    args.columnStep = op.columnStep;
    args.vector = op.vector;
    args.addBias = op.addBias;
    args.identity = op.identity;
    args.useMatrix = op.useMatrix;
    args.columns = key.columns;
    return add(kernels::streamMix(executor.m_library, args), {});
}

Result<void> StepExecutor::Builder::operation(std::size_t, const model::HyperOp& op) {
    kernels::HyperArgs args;
    args.in = executor.m_activations.view(op.in);
    args.out = executor.m_activations.view(op.out);
    args.base = executor.m_weights.vector(op.base).buffer;
    args.baseOffset = executor.m_weights.vector(op.base).offset;
    args.scale = executor.m_weights.vector(op.scale).buffer;
    args.scaleOffset = executor.m_weights.vector(op.scale).offset;
    args.streams = op.streams;
    args.iterations = op.iterations;
    args.eps = op.eps;
    args.columns = key.columns;
    return add(kernels::hyper(executor.m_library, args), {});
}

}  // namespace kvscope::runtime
