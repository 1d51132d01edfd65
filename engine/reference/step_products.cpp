// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/base/assert.h"
#include "engine/reference/step.h"

namespace kvscope::reference {
namespace {

/// Weight rows cast to double at a time, which bounds the copy.
constexpr Index kRowsAtOnce = 256;

}  // namespace

double sigmoid(double x) {
    return 1 / (1 + std::exp(-x));
}

double activate(model::Activation activation, double x) {
    if (activation == model::Activation::Silu) return x * sigmoid(x);
    const double root = std::sqrt(2 / std::numbers::pi);
    return 0.5 * x * (1 + std::tanh(root * (x + 0.044715 * x * x * x)));
}

double gatedValue(model::Activation activation, double clamp, double gate, double up) {
    if (clamp > 0) {
        gate = std::min(gate, clamp);
        up = std::clamp(up, -clamp, clamp);
    }
    return activate(activation, gate) * up;
}

Matrix multiply(const WeightRows& weight, std::pair<Index, Index> range, const Matrix& in) {
    KVS_ASSERT(weight.cols() == in.rows() && range.first + range.second <= weight.rows());
    Matrix out(range.second, in.cols());
    for (Index row = 0; row < range.second; row += kRowsAtOnce) {
        const Index count = std::min(kRowsAtOnce, range.second - row);
        out.middleRows(row, count).noalias() = weight.middleRows(range.first + row, count).cast<double>() * in;
    }
    return out;
}

void Step::apply(const model::EmbedOp& op) {
    const WeightRows table = matrix(op.table);
    Columns out = view(op.out);
    for (Index column = 0; column < columns(); ++column) {
        const Index token = m_tokens[static_cast<std::size_t>(column)];
        out.col(column) = static_cast<double>(op.scale) * table.row(token).cast<double>().transpose();
    }
}

void Step::apply(const model::NormOp& op) {
    const Matrix in = view(op.in);
    const Index group = op.groupWidth == 0 ? in.rows() : Index{op.groupWidth};
    KVS_ASSERT(in.rows() % group == 0);
    const Eigen::VectorXd gain = vector(op.gain, group, 1);
    Columns out = view(op.out);
    for (Index column = 0; column < in.cols(); ++column) {
        for (Index begin = 0; begin < in.rows(); begin += group) {
            const auto values = in.col(column).segment(begin, group);
            const double mean = values.squaredNorm() / static_cast<double>(group);
            out.col(column).segment(begin, group) =
                values.cwiseProduct(gain) / std::sqrt(mean + static_cast<double>(op.eps));
        }
    }
}

void Step::apply(const model::ProductOp& op) {
    const Matrix in = view(op.in, op.lastColumnsOnly);
    for (const model::ProductPart& part : op.parts) {
        const WeightRows weight = matrix(part.weight);
        Columns out = view(part.out, op.lastColumnsOnly);
        const Index rows = toIndex(part.rowCount) / op.groups;
        for (Index group = 0; group < Index{op.groups}; ++group) {
            const Index begin = toIndex(part.rowBegin) + group * rows;
            Matrix product = static_cast<double>(part.scale) *
                             multiply(weight, {begin, rows}, in.middleRows(group * Index{op.inStep}, weight.cols()));
            if (part.bias.present()) {
                product.colwise() += matrix(part.bias).row(0).segment(begin, rows).cast<double>().transpose();
            }
            auto target = out.middleRows(group * Index{op.outStep}, rows);
            if (op.addTo) {
                target += product;
            } else {
                target = product;
            }
        }
    }
}

void Step::apply(const model::GatedOp& op) {
    const Matrix in = view(op.in);
    const Matrix gate = multiply(matrix(op.gate), {toIndex(op.gateBegin), op.out.width}, in);
    const Matrix up = multiply(matrix(op.up), {toIndex(op.upBegin), op.out.width}, in);
    view(op.out) = gate.binaryExpr(
        up, [&](double g, double u) { return gatedValue(op.activation, static_cast<double>(op.clamp), g, u); });
}

}  // namespace kvscope::reference
