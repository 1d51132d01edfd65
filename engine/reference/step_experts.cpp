// SPDX-License-Identifier: Apache-2.0
// Mixtures of experts (architectures.md 1.8).
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/reference/step.h"

namespace kvscope::reference {
namespace {

/// The least sum of weights that they are divided by: the smallest normal f16.
constexpr double kLeastSum = 0x1p-14;

Eigen::VectorXd softmaxOf(const Eigen::VectorXd& logits) {
    const Eigen::VectorXd powers = (logits.array() - logits.maxCoeff()).exp();
    return powers / powers.sum();
}

Eigen::VectorXd scoresOf(model::Gating gating, const Eigen::VectorXd& logits) {
    switch (gating) {
        case model::Gating::Softmax:
            return softmaxOf(logits);
        case model::Gating::Sigmoid:
            return logits.unaryExpr(&sigmoid);
        case model::Gating::SoftmaxOfSelected:
            return logits;
        case model::Gating::SqrtSoftplus:
            return logits.unaryExpr(
                [](double x) { return std::sqrt(std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)))); });
    }
    return logits;
}

/// Indices of the `count` largest values, falling; of equals the lower index first.
std::vector<Index> largest(const Eigen::VectorXd& values, std::uint32_t count) {
    std::vector<Index> order(static_cast<std::size_t>(values.size()));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = toIndex(i);
    std::ranges::stable_sort(order, [&](Index a, Index b) { return values(a) > values(b); });
    order.resize(std::min<std::size_t>(order.size(), count));
    return order;
}

/// −inf for experts outside the best groups; a group's score is the sum of its two best.
void keepBestGroups(const model::RouteOp& op, Eigen::VectorXd& scores) {
    const Index size = scores.size() / op.groups;
    Eigen::VectorXd groups(op.groups);
    for (Index group = 0; group < groups.size(); ++group) {
        const Eigen::VectorXd own = scores.segment(group * size, size);
        groups(group) = 0;
        for (const Index best : largest(own, 2)) groups(group) += own(best);
    }
    const std::vector<Index> kept = largest(groups, op.groupsUsed);
    for (Index group = 0; group < groups.size(); ++group) {
        if (std::ranges::find(kept, group) != kept.end()) continue;
        scores.segment(group * size, size).setConstant(-std::numeric_limits<double>::infinity());
    }
}

}  // namespace

void Step::apply(const model::RouteOp& op) {
    const Matrix logits = view(op.in);
    const Eigen::VectorXd bias = vector(op.bias, logits.rows(), 0);
    const Eigen::VectorXd gain = vector(op.gain, logits.rows(), 1);
    Columns out = view(op.out);
    for (Index column = 0; column < logits.cols(); ++column) {
        const Eigen::VectorXd scores = scoresOf(op.gating, logits.col(column));
        std::vector<Index> chosen;
        if (op.table.present()) {
            const auto row = matrix(op.table).row(m_tokens[static_cast<std::size_t>(column)]);
            for (Index k = 0; k < Index{op.used}; ++k) chosen.push_back(static_cast<Index>(row(k)));
        } else {
            Eigen::VectorXd selection = scores + bias;
            if (op.groups > 1) keepBestGroups(op, selection);
            chosen = largest(selection, op.used);
        }
        Eigen::VectorXd weights(op.used);
        for (Index k = 0; k < weights.size(); ++k) weights(k) = scores(chosen[static_cast<std::size_t>(k)]);
        if (op.gating == model::Gating::SoftmaxOfSelected) weights = softmaxOf(weights);
        if (op.normalise) weights /= std::max(weights.sum(), kLeastSum);
        if (op.scale != 0) weights *= static_cast<double>(op.scale);
        for (Index k = 0; k < weights.size(); ++k) {
            const Index expert = chosen[static_cast<std::size_t>(k)];
            out(k, column) = static_cast<double>(expert);
            out(weights.size() + k, column) = weights(k) * gain(expert);
        }
    }
}

void Step::apply(const model::ExpertGatedOp& op) {
    const Matrix in = view(op.in);
    const Matrix route = view(op.route);
    const WeightRows gate = matrix(op.gate);
    const bool fused = !op.up.present();
    const WeightRows up = matrix(fused ? op.gate : op.up);
    const Index width = Index{op.out.width} / op.used;
    const Index step = fused ? 2 * width : width;
    Columns out = view(op.out);
    for (Index column = 0; column < in.cols(); ++column) {
        for (Index k = 0; k < Index{op.used}; ++k) {
            const Index first = static_cast<Index>(route(k, column)) * step;
            const Matrix g = multiply(gate, {first, width}, in.col(column));
            const Matrix u = multiply(up, {fused ? first + width : first, width}, in.col(column));
            out.col(column).segment(k * width, width) = g.col(0).binaryExpr(u.col(0), [&](double x, double y) {
                return gatedValue(op.activation, static_cast<double>(op.clamp), x, y);
            });
        }
    }
}

void Step::apply(const model::ExpertDownOp& op) {
    const Matrix in = view(op.in);
    const Matrix route = view(op.route);
    const WeightRows down = matrix(op.down);
    const Index width = in.rows() / op.used;
    Columns out = view(op.out);
    if (!op.addTo) out.setZero();
    for (Index column = 0; column < in.cols(); ++column) {
        for (Index k = 0; k < Index{op.used}; ++k) {
            const Index first = static_cast<Index>(route(k, column)) * out.rows();
            out.col(column) += route(Index{op.used} + k, column) *
                               multiply(down, {first, out.rows()}, in.col(column).segment(k * width, width)).col(0);
        }
    }
}

}  // namespace kvscope::reference
