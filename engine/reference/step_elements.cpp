// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"
#include "engine/reference/step.h"

namespace kvscope::reference {

void Step::apply(const model::MapOp& op) {
    using model::MapKind;
    const auto c = static_cast<double>(op.constant);
    const Matrix a = view(op.a, op.lastColumnsOnly);
    const bool binary = op.kind == MapKind::Add || op.kind == MapKind::Subtract || op.kind == MapKind::Multiply ||
                        op.kind == MapKind::SiluMultiply || op.kind == MapKind::GeluMultiply;
    const Matrix b = binary ? Matrix(view(op.b, op.lastColumnsOnly)) : Matrix();
    Columns out = view(op.out, op.lastColumnsOnly);
    const auto actMultiply = [&](model::Activation activation) {
        return a.unaryExpr([=](double x) { return activate(activation, x); }).cwiseProduct(b);
    };
    switch (op.kind) {
        case MapKind::Add:
            out = c * (a + b);
            break;
        case MapKind::Subtract:
            out = a - b;
            break;
        case MapKind::Scale:
            out = c * a;
            break;
        case MapKind::Multiply:
            out = a.cwiseProduct(b);
            break;
        case MapKind::SiluMultiply:
            out = actMultiply(model::Activation::Silu);
            break;
        case MapKind::GeluMultiply:
            out = actMultiply(model::Activation::GeluTanh);
            break;
        case MapKind::Gain: {
            const std::span<const float> gain = m_weights->values(op.gain);
            for (Index row = 0; row < a.rows(); ++row) {
                out.row(row) = a.row(row) * static_cast<double>(gain[static_cast<std::size_t>(row) % gain.size()]);
            }
            break;
        }
        case MapKind::Tanh:
            out = (c * a).array().tanh().matrix();
            break;
        case MapKind::Softcap:
            out = (c * (a / c).array().tanh()).matrix();
            break;
        case MapKind::Softplus: {
            const auto repeats = static_cast<Index>(op.constant);
            KVS_ASSERT(repeats > 0 && a.rows() * repeats == out.rows());
            for (Index row = 0; row < out.rows(); ++row) {
                out.row(row) = a.row(row / repeats).unaryExpr([](double x) {
                    return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
                });
            }
            break;
        }
    }
}

void Step::apply(const model::MatchNormOp& op) {
    const Matrix a = view(op.a);
    const Matrix reference = view(op.reference);
    Columns out = view(op.out);
    for (Index column = 0; column < a.cols(); ++column) {
        const double size = a.col(column).norm();
        out.col(column) = a.col(column) * (size > 0 ? reference.col(column).norm() / size : 0);
    }
}

void Step::apply(const model::SparseOp& op) {
    Columns values = view(op.values);
    KVS_ASSERT(values.rows() > 1);
    for (Index column = 0; column < values.cols(); ++column) {
        const double mean = values.col(column).mean();
        const double squares = (values.col(column).array() - mean).square().sum();
        const double deviation = std::sqrt(squares / static_cast<double>(values.rows() - 1));
        const double threshold = mean + static_cast<double>(op.multiplier) * deviation;
        values.col(column) = (values.col(column).array() - threshold).max(0.0).matrix();
    }
}

void Step::apply(const model::CopyHeadsOp& op) {
    const Matrix in = view(op.in);
    Columns out = view(op.out);
    for (Index head = 0; head < Index{op.heads}; ++head) {
        out.middleRows(head * op.outStep, op.width) = in.middleRows(head * op.inStep, op.width);
    }
}

}  // namespace kvscope::reference
