// SPDX-License-Identifier: Apache-2.0
// Several residual streams: AltUp (architectures.md 9) and hyper-connections (12.5).
#include <cmath>

#include "engine/base/assert.h"
#include "engine/reference/step.h"

namespace kvscope::reference {
namespace {

/// softmax of each row + eps, then columns and rows in turn are divided by their sums, columns last.
void sinkhorn(Matrix& mixing, std::uint32_t iterations, double eps) {
    for (Index row = 0; row < mixing.rows(); ++row) {
        const Eigen::VectorXd powers = (mixing.row(row).array() - mixing.row(row).maxCoeff()).exp();
        mixing.row(row) = (powers / powers.sum()).transpose();
    }
    mixing.array() += eps;
    for (std::uint32_t i = 0; i < iterations; ++i) {
        for (Index row = 0; row < mixing.rows() && i > 0; ++row) mixing.row(row) /= mixing.row(row).sum() + eps;
        for (Index column = 0; column < mixing.cols(); ++column) {
            mixing.col(column) /= mixing.col(column).sum() + eps;
        }
    }
}

}  // namespace

void Step::apply(const model::StreamMixOp& op) {
    const Matrix in = view(op.in);
    const Matrix coefficients = view(op.coefficients);
    const Index width = Index{op.out.width} / op.outputs;
    const bool adds = op.addend.width != 0;
    const Matrix addend = adds ? Matrix(view(op.addend)) : Matrix();
    KVS_ASSERT(in.rows() == width * op.inputs && (!adds || addend.rows() == width));
    Columns out = view(op.out);
    for (Index column = 0; column < in.cols(); ++column) {
        const auto coefficient = [&](Index index) { return coefficients(index, column); };
        for (Index i = 0; i < Index{op.outputs}; ++i) {
            Eigen::VectorXd sum = Eigen::VectorXd::Zero(width);
            if (op.identity) sum = in.col(column).segment(i * width, width);
            for (Index j = 0; j < Index{op.inputs} && op.useMatrix; ++j) {
                sum += coefficient(op.matrix + i * op.rowStep + j * op.columnStep) *
                       in.col(column).segment(j * width, width);
            }
            if (adds) sum += (coefficient(op.vector + i) + static_cast<double>(op.addBias)) * addend.col(column);
            out.col(column).segment(i * width, width) = sum;
        }
    }
}

void Step::apply(const model::HyperOp& op) {
    const Matrix in = view(op.in);
    const Index n = op.streams;
    const bool head = op.iterations == 0;
    const auto eps = static_cast<double>(op.eps);
    KVS_ASSERT(in.rows() == (head ? n : (2 + n) * n));
    const Eigen::VectorXd base = vector(op.base, in.rows(), 0);
    const Eigen::VectorXd scale = vector(op.scale, head ? 1 : 3, 1);
    Columns out = view(op.out);
    for (Index column = 0; column < in.cols(); ++column) {
        for (Index i = 0; i < n; ++i) out(i, column) = sigmoid(in(i, column) * scale(0) + base(i)) + eps;
        if (head) continue;
        for (Index i = n; i < 2 * n; ++i) out(i, column) = 2 * sigmoid(in(i, column) * scale(1) + base(i));
        Matrix mixing(n, n);  // (source, destination)
        for (Index source = 0; source < n; ++source) {
            for (Index destination = 0; destination < n; ++destination) {
                const Index at = 2 * n + source * n + destination;
                mixing(source, destination) = in(at, column) * scale(2) + base(at);
            }
        }
        sinkhorn(mixing, op.iterations, eps);
        for (Index source = 0; source < n; ++source) {
            out.col(column).segment(2 * n + source * n, n) = mixing.row(source).transpose();
        }
    }
}

}  // namespace kvscope::reference
