// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/base/assert.h"
#include "engine/reference/step.h"

namespace kvscope::reference {
namespace {

/// Rows of one head inside rows of all heads, as (width, rows).
using HeadRows = Eigen::Map<const Eigen::MatrixXf, 0, Eigen::OuterStride<>>;

/// Queries whose scores are held at a time.
constexpr Index kQueriesAtOnce = 128;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

void Step::apply(const model::RopeOp& op) {
    Columns rows = view(op.heads);
    const Index pairs = toIndex(op.frequencies.size());
    const Index headDim = op.headDim;
    const bool adjacent = op.pairing == model::RopePairing::Adjacent;
    KVS_ASSERT(rows.rows() % headDim == 0 && Index{op.begin} + 2 * pairs <= headDim);
    for (Index column = 0; column < rows.cols(); ++column) {
        const std::size_t place = position(column) / op.positionStep * op.positionStep;
        for (Index pair = 0; pair < pairs; ++pair) {
            const double angle = static_cast<double>(place) * op.frequencies[static_cast<std::size_t>(pair)];
            const double c = std::cos(angle) * static_cast<double>(op.magnitude);
            const double s = std::sin(op.inverse ? -angle : angle) * static_cast<double>(op.magnitude);
            const Index first = Index{op.begin} + (adjacent ? 2 * pair : pair);
            const Index second = first + (adjacent ? 1 : pairs);
            for (Index head = 0; head < rows.rows(); head += headDim) {
                const double x = rows(head + first, column);
                const double y = rows(head + second, column);
                rows(head + first, column) = x * c - y * s;
                rows(head + second, column) = x * s + y * c;
            }
        }
    }
}

void Step::apply(const model::AppendOp& op) {
    const model::CacheStream& to = stream(op.stream);
    Cached::Rows& rows = m_cached->streams[op.stream];
    const Matrix key = view(op.key);
    const Matrix value = to.valueDim == 0 ? Matrix(0, columns()) : Matrix(view(op.value));
    KVS_ASSERT(key.rows() == Index{to.kvHeads} * to.keyDim && value.rows() == Index{to.kvHeads} * to.valueDim);
    for (Index column = 0; column < columns(); ++column) {
        if ((position(column) + 1) % to.tokensPerRow != 0) continue;
        appendAsFloat(key.col(column), rows.k);
        appendAsFloat(value.col(column), rows.v);
    }
    if (!m_options->layers || to.tokensPerRow != 1 || to.role == model::RowRole::Index) return;
    LayerRows& kept = m_output.layers[to.layer];
    appendAsFloat(key, kept.k);
    if (to.valueDim != 0) {
        appendAsFloat(value, kept.v);
    } else {
        appendAsFloat(key.topRows(to.sharedValue), kept.v);
    }
}

Index Step::rowsOf(std::uint32_t index) const {
    const model::CacheStream& of = stream(index);
    return toIndex(m_cached->streams[index].k.size()) / (Index{of.kvHeads} * of.keyDim);
}

Matrix Step::keysOf(std::uint32_t index, Index kvHead) const {
    const model::CacheStream& of = stream(index);
    const Index width = of.keyDim;
    const float* data = m_cached->streams[index].k.data();
    return HeadRows(data + kvHead * width, width, rowsOf(index), Eigen::OuterStride<>(of.kvHeads * width))
        .cast<double>();
}

Matrix Step::valuesOf(std::uint32_t index, Index kvHead) const {
    const model::CacheStream& of = stream(index);
    const bool inKey = of.valueDim == 0;
    const Index width = inKey ? of.sharedValue : of.valueDim;
    const Index step = inKey ? of.keyDim : of.valueDim;
    const float* data = inKey ? m_cached->streams[index].k.data() : m_cached->streams[index].v.data();
    return HeadRows(data + kvHead * step, width, rowsOf(index), Eigen::OuterStride<>(of.kvHeads * step)).cast<double>();
}

/// Rows that causality and the native window show to a query: from, to. A row stands at its block's last token.
std::pair<Index, Index> Step::shown(const model::StreamRead& read, std::size_t query) const {
    const std::size_t tokens = stream(read.stream).tokensPerRow;
    const Index end = std::min(rowsOf(read.stream), toIndex((query + 1) / tokens));
    const bool whole = read.window == 0 || query + 1 <= read.window;
    const Index begin = whole ? 0 : toIndex((query + 1 - read.window) / tokens);
    return {std::min(begin, end), end};
}

/// What is hidden of the shown rows: by a selection or by the run's options.
bool Step::sees(const model::AttendOp& op, const model::StreamRead& read, std::uint32_t head,
                std::pair<Index, Index> columnAndRow) const {
    const auto [column, row] = columnAndRow;
    if (read.selected) {
        const auto& chosen = m_selected[op.layer].at(static_cast<std::size_t>(column));
        return std::ranges::binary_search(chosen, static_cast<std::uint32_t>(row));
    }
    if (!m_options->visible || stream(read.stream).tokensPerRow != 1) return true;
    return m_options->visible(op.layer, head, position(column), static_cast<std::uint64_t>(row));
}

/// Turns one query's scores (rows of all reads) into probabilities; zeros when nothing is visible.
void Step::softmax(const model::AttendOp& op, const Head& head, Index column,
                   Eigen::Ref<Eigen::VectorXd> scores) const {
    const auto cap = static_cast<double>(op.softcap);
    Eigen::VectorXd visible = Eigen::VectorXd::Constant(scores.size(), -kInfinity);
    double largest = head.sink;
    Index offset = 0;
    for (const model::StreamRead& read : op.reads) {
        const auto [begin, end] = shown(read, position(column));
        for (Index row = begin; row < end; ++row) {
            if (!sees(op, read, head.head, {column, row})) continue;
            const double score = scores(offset + row);
            visible(offset + row) = cap > 0 ? cap * std::tanh(score / cap) : score;
            largest = std::max(largest, visible(offset + row));
        }
        offset += rowsOf(read.stream);
    }
    if (largest == -kInfinity) {
        scores.setZero();
        return;
    }
    scores = (visible.array() - largest).exp();
    scores /= scores.sum() + std::exp(head.sink - largest);
}

void Step::apply(const model::AttendOp& op) {
    const Index kvHeads = stream(op.reads.front().stream).kvHeads;
    const Index group = Index{op.heads} / kvHeads;
    const Matrix query = view(op.query);
    const Index dimK = query.rows() / op.heads;
    const Eigen::VectorXd sinks = vector(op.sinks, op.heads, -kInfinity);
    Columns out = view(op.out);
    const Index dimV = out.rows() / op.heads;
    Index rows = 0;
    for (const model::StreamRead& read : op.reads) rows += rowsOf(read.stream);
    for (Index kv = 0; kv < kvHeads; ++kv) {
        Matrix keys(dimK, rows);
        Matrix values(dimV, rows);
        Index offset = 0;
        for (const model::StreamRead& read : op.reads) {
            const Matrix k = keysOf(read.stream, kv);
            const Matrix v = valuesOf(read.stream, kv);
            KVS_ASSERT(k.rows() == dimK && v.rows() == dimV);
            keys.middleCols(offset, k.cols()) = k;
            values.middleCols(offset, v.cols()) = v;
            offset += rowsOf(read.stream);
        }
        for (Index head = kv * group; head < (kv + 1) * group; ++head) {
            for (Index first = 0; first < columns(); first += kQueriesAtOnce) {
                const Index count = std::min(kQueriesAtOnce, columns() - first);
                const Matrix q = static_cast<double>(op.scale) * query.block(head * dimK, first, dimK, count);
                Matrix scores = keys.transpose() * q;
                for (Index i = 0; i < count; ++i) {
                    softmax(op, {static_cast<std::uint32_t>(head), sinks(head)}, first + i, scores.col(i));
                }
                out.block(head * dimV, first, dimV, count).noalias() = values * scores;
            }
        }
    }
    if (!m_options->layers) return;
    appendAsFloat(query, m_output.layers[op.layer].q);
    appendAsFloat(out, m_output.layers[op.layer].heads);
    m_output.layers[op.layer].selected = m_selected[op.layer];
}

void Step::apply(const model::SelectOp& op) {
    const Matrix query = view(op.query);
    const Matrix weights = static_cast<double>(op.scale) * view(op.weights);
    const Matrix keys = keysOf(op.index, 0);
    const Index dim = keys.rows();
    KVS_ASSERT(query.rows() == Index{op.heads} * dim && rowsOf(op.index) == rowsOf(op.stream));
    auto& selected = m_selected[op.layer];
    selected.assign(m_tokens.size(), {});
    for (Index column = 0; column < columns(); ++column) {
        const Index rows = shown({.stream = op.index}, position(column)).second;
        Eigen::VectorXd scores = Eigen::VectorXd::Zero(rows);
        for (Index head = 0; head < Index{op.heads}; ++head) {
            const Eigen::VectorXd products =
                keys.leftCols(rows).transpose() * query.col(column).segment(head * dim, dim);
            scores += weights(head, column) * products.cwiseMax(0.0);
        }
        std::vector<std::uint32_t>& chosen = selected[static_cast<std::size_t>(column)];
        chosen.resize(static_cast<std::size_t>(rows));
        std::iota(chosen.begin(), chosen.end(), 0U);
        std::ranges::stable_sort(chosen, [&](std::uint32_t a, std::uint32_t b) { return scores(a) > scores(b); });
        chosen.resize(std::min<std::size_t>(chosen.size(), op.topK));
        std::ranges::sort(chosen);
    }
}

}  // namespace kvscope::reference
