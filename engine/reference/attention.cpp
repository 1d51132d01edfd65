// SPDX-License-Identifier: Apache-2.0
#include "engine/reference/attention.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/assert.h"

namespace kvscope::reference {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// An expression: nothing is copied.
auto toDouble(std::span<const float> values) {
    return Eigen::Map<const Eigen::VectorXf>(values.data(), static_cast<Eigen::Index>(values.size())).cast<double>();
}

}  // namespace

AttentionResult attend(std::span<const float> q, const RowsView& k, const RowsView& v,
                       const AttentionOptions& options) {
    KVS_ASSERT(q.size() == k.width && k.rows == v.rows);
    AttentionResult result;
    result.probabilities.assign(k.rows, -kInfinity);
    const Eigen::VectorXd query = toDouble(q);
    double largest = options.sinkLogit.value_or(-kInfinity);
    for (std::size_t row = 0; row < k.rows; ++row) {
        if (options.visible && !options.visible(row)) continue;
        double score = options.scale * query.dot(toDouble(k.row(row)));
        if (options.softcap > 0) score = options.softcap * std::tanh(score / options.softcap);
        result.probabilities[row] = score;
        largest = std::max(largest, result.probabilities[row]);
    }
    Eigen::VectorXd output = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(v.width));
    result.logSumExp = -kInfinity;
    if (largest > -kInfinity) {
        double sum = options.sinkLogit ? std::exp(*options.sinkLogit - largest) : 0;
        for (const double score : result.probabilities) sum += std::exp(score - largest);
        result.logSumExp = largest + std::log(sum);
    }
    for (std::size_t row = 0; row < k.rows; ++row) {
        double& p = result.probabilities[row];
        p = p > -kInfinity ? std::exp(p - result.logSumExp) : 0;
        if (p > 0) output += p * toDouble(v.row(row));
    }
    result.output.resize(v.width);
    Eigen::Map<Eigen::VectorXf>(result.output.data(), output.size()) = output.cast<float>();
    return result;
}

double relativeL2(std::span<const float> a, std::span<const float> b) {
    KVS_ASSERT(a.size() == b.size());
    const double difference = (toDouble(a) - toDouble(b)).norm();
    const double size = toDouble(b).norm();
    if (size == 0) return difference == 0 ? 0 : kInfinity;
    return difference / size;
}

double cosine(std::span<const float> a, std::span<const float> b) {
    KVS_ASSERT(a.size() == b.size());
    const Eigen::VectorXd x = toDouble(a);
    const Eigen::VectorXd y = toDouble(b);
    const double sizes = x.norm() * y.norm();
    if (sizes == 0) return x.norm() == y.norm() ? 1 : 0;
    return x.dot(y) / sizes;
}

double massOn(std::span<const double> probabilities, std::span<const std::uint32_t> rows) {
    double mass = 0;
    for (const std::uint32_t row : rows) {
        KVS_ASSERT(row < probabilities.size());
        mass += probabilities[row];
    }
    return mass;
}

double klDivergence(std::span<const double> p, std::span<const double> q) {
    KVS_ASSERT(p.size() == q.size());
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
        if (p[i] <= 0) continue;
        if (q[i] <= 0) return kInfinity;
        sum += p[i] * std::log(p[i] / q[i]);
    }
    return sum;
}

}  // namespace kvscope::reference
