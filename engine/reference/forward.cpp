// SPDX-License-Identifier: Apache-2.0
#include "engine/reference/forward.h"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>

namespace kvscope::reference {
namespace {

using Matrix = Eigen::MatrixXd;  ///< (width, tokens): a column is a token
using Index = Eigen::Index;
using WeightRows = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
/// Rows of one head inside rows of all heads, as (width, rows).
using HeadRows = Eigen::Map<const Eigen::MatrixXf, 0, Eigen::OuterStride<>>;

/// Weight rows cast to double at a time, which bounds the copy.
constexpr Index kRowsAtOnce = 256;
/// Queries whose scores are held at a time.
constexpr Index kQueriesAtOnce = 128;

void appendAsFloat(const Matrix& from, std::vector<float>& to) {
    const std::size_t begin = to.size();
    to.resize(begin + static_cast<std::size_t>(from.size()));
    Eigen::Map<Eigen::MatrixXf>(to.data() + begin, from.rows(), from.cols()) = from.cast<float>();
}

Index toIndex(std::size_t value) {
    return static_cast<Index>(value);
}

}  // namespace

/// One run over a batch of tokens: the slots, and an overload for each operation.
class Forward::Step {
  public:
    Step(Forward& forward, std::span<const std::int32_t> tokens, const RunOptions& options)
        : m_forward(&forward), m_tokens(tokens), m_options(&options) {
        if (options.layers) m_output.layers.resize(forward.m_rows.size());
    }

    RunOutput run() {
        for (const model::Operation& operation : m_forward->m_program->operations) {
            std::visit([this](const auto& op) { apply(op); }, operation);
        }
        appendAsFloat(slot(model::Slot::Logits), m_output.logits);
        return std::move(m_output);
    }

  private:
    Matrix& slot(model::Slot which) { return m_slots[static_cast<std::size_t>(which)]; }
    [[nodiscard]] const model::Hparams& hparams() const { return m_forward->m_program->hparams; }
    [[nodiscard]] WeightRows matrix(model::TensorRef ref) const {
        const Weights& weights = *m_forward->m_weights;
        return {weights.values(ref).data(), toIndex(weights.rows(ref)), toIndex(weights.rowLength(ref))};
    }

    void apply(const model::EmbedOp& op) {
        const WeightRows table = matrix(op.table);
        Matrix& hidden = slot(model::Slot::Hidden);
        hidden.resize(table.cols(), toIndex(m_tokens.size()));
        for (std::size_t i = 0; i < m_tokens.size(); ++i) {
            hidden.col(toIndex(i)) = static_cast<double>(op.scale) * table.row(m_tokens[i]).cast<double>().transpose();
        }
    }

    void apply(const model::NormOp& op) {
        const Matrix& in = slot(op.in);
        const WeightRows gain = matrix(op.gain);
        const auto width = static_cast<double>(in.rows());
        Matrix result = in;
        for (Index column = 0; column < in.cols(); ++column) {
            const double mean = in.col(column).squaredNorm() / width;
            result.col(column) = in.col(column).cwiseProduct(gain.row(0).cast<double>().transpose()) /
                                 std::sqrt(mean + static_cast<double>(op.eps));
        }
        slot(op.out) = std::move(result);
    }

    /// weight[begin …, count rows] * in
    static Matrix multiply(const WeightRows& weight, std::pair<Index, Index> range, const Matrix& in) {
        Matrix out(range.second, in.cols());
        for (Index row = 0; row < range.second; row += kRowsAtOnce) {
            const Index count = std::min(kRowsAtOnce, range.second - row);
            out.middleRows(row, count).noalias() = weight.middleRows(range.first + row, count).cast<double>() * in;
        }
        return out;
    }

    void apply(const model::ProductOp& op) {
        const bool lastOnly = op.lastColumnsOnly && !m_options->allLogits;
        const Matrix in = lastOnly ? Matrix(slot(op.in).rightCols(1)) : slot(op.in);
        for (const model::ProductPart& part : op.parts) {
            const WeightRows weight = matrix(part.weight);
            const Index begin = toIndex(part.rowBegin);
            const Index count = part.rowCount == 0 ? weight.rows() - begin : toIndex(part.rowCount);
            Matrix product = multiply(weight, {begin, count}, in);
            if (part.bias.present()) {
                product.colwise() += matrix(part.bias).row(0).segment(begin, count).cast<double>().transpose();
            }
            if (op.addTo) {
                slot(part.out) += product;
            } else {
                slot(part.out) = std::move(product);
            }
        }
    }

    void rotate(const model::RopeOp& op, Matrix& rows) {
        const Index headDim = hparams().headDimK;
        const Index pairs = toIndex(op.frequencies.size());
        const bool adjacent = op.pairing == model::RopePairing::Adjacent;
        for (Index column = 0; column < rows.cols(); ++column) {
            const auto position = static_cast<double>(toIndex(m_forward->m_length) + column);
            for (Index pair = 0; pair < pairs; ++pair) {
                const double angle = position * op.frequencies[static_cast<std::size_t>(pair)];
                const double c = std::cos(angle) * static_cast<double>(op.magnitude);
                const double s = std::sin(angle) * static_cast<double>(op.magnitude);
                const Index first = adjacent ? 2 * pair : pair;
                const Index second = adjacent ? first + 1 : pair + pairs;
                for (Index head = 0; head < rows.rows(); head += headDim) {
                    const double x = rows(head + first, column);
                    const double y = rows(head + second, column);
                    rows(head + first, column) = x * c - y * s;
                    rows(head + second, column) = x * s + y * c;
                }
            }
        }
    }

    void apply(const model::RopeOp& op) {
        rotate(op, slot(model::Slot::Query));
        rotate(op, slot(model::Slot::Key));
    }

    /// Whether the query at `query` may see the row at `key` (key <= query).
    [[nodiscard]] bool sees(const model::AttendOp& op, std::uint32_t head, std::size_t query, std::size_t key) const {
        return (op.window == 0 || query - key < op.window) &&
               (!m_options->visible || m_options->visible(op.layer, head, query, key));
    }

    /// Turns scores (rows, queries) into probabilities. The first query stands at position `position`.
    void maskedSoftmax(const model::AttendOp& op, std::uint32_t head, std::size_t position, Matrix& scores) const {
        for (Index column = 0; column < scores.cols(); ++column) {
            const std::size_t query = position + static_cast<std::size_t>(column);
            const Index causal = std::min(toIndex(query) + 1, scores.rows());
            scores.col(column).tail(scores.rows() - causal).setZero();
            auto values = scores.col(column).head(causal);
            if (op.window != 0 || m_options->visible) {
                for (Index row = 0; row < causal; ++row) {
                    if (!sees(op, head, query, static_cast<std::size_t>(row))) {
                        values(row) = -std::numeric_limits<double>::infinity();
                    }
                }
            }
            const double largest = values.maxCoeff();
            if (std::isinf(largest) && largest < 0) {  // nothing is visible: the head gives zero
                values.setZero();
                continue;
            }
            values = (values.array() - largest).exp().matrix();
            values /= values.sum();
        }
    }

    void apply(const model::AttendOp& op) {
        const model::Hparams& h = hparams();
        const Matrix& query = slot(model::Slot::Query);
        Rows& own = m_forward->m_rows[op.layer];
        if (op.layer == op.source) {
            appendAsFloat(slot(model::Slot::Key), own.k);
            appendAsFloat(slot(model::Slot::Value), own.v);
        }
        const Rows& rows = m_forward->m_rows[op.source];
        const Index dimK = h.headDimK;
        const Index dimV = h.headDimV;
        const Index kvHeads = h.nKvHeads[op.source];
        const Index group = h.nHeads[op.layer] / kvHeads;
        const Index length = toIndex(rows.k.size()) / (kvHeads * dimK);
        Matrix& out = slot(model::Slot::Attention);
        out.resize(kvHeads * group * dimV, query.cols());
        for (Index kv = 0; kv < kvHeads; ++kv) {
            const HeadRows k32(rows.k.data() + kv * dimK, dimK, length, Eigen::OuterStride<>(kvHeads * dimK));
            const HeadRows v32(rows.v.data() + kv * dimV, dimV, length, Eigen::OuterStride<>(kvHeads * dimV));
            const Matrix keys = k32.cast<double>();
            const Matrix values = v32.cast<double>();
            for (Index head = kv * group; head < (kv + 1) * group; ++head) {
                for (Index first = 0; first < query.cols(); first += kQueriesAtOnce) {
                    const Index count = std::min(kQueriesAtOnce, query.cols() - first);
                    const std::size_t position = m_forward->m_length + static_cast<std::size_t>(first);
                    const Index seen = std::min(length, toIndex(position) + count);  // later rows are masked anyway
                    const Matrix q = static_cast<double>(op.scale) * query.block(head * dimK, first, dimK, count);
                    Matrix scores = keys.leftCols(seen).transpose() * q;
                    maskedSoftmax(op, static_cast<std::uint32_t>(head), position, scores);
                    out.block(head * dimV, first, dimV, count).noalias() = values.leftCols(seen) * scores;
                }
            }
        }
        if (m_options->layers) keep(op.layer);
    }

    void keep(std::uint32_t layer) {
        LayerRows& kept = m_output.layers[layer];
        appendAsFloat(slot(model::Slot::Query), kept.q);
        appendAsFloat(slot(model::Slot::Key), kept.k);
        appendAsFloat(slot(model::Slot::Value), kept.v);
        appendAsFloat(slot(model::Slot::Attention), kept.heads);
    }

    void apply(const model::GatedOp& op) {
        const Matrix& in = slot(op.in);
        const WeightRows gate = matrix(op.gate);
        const Matrix g = multiply(gate, {0, gate.rows()}, in);
        const Matrix u = multiply(matrix(op.up), {0, gate.rows()}, in);
        slot(model::Slot::FeedForward) = (g.array() / (1 + (-g.array()).exp()) * u.array()).matrix();
    }

    Forward* m_forward;
    std::span<const std::int32_t> m_tokens;
    const RunOptions* m_options;
    std::array<Matrix, 8> m_slots;
    RunOutput m_output;
};

Result<Forward> Forward::create(const gguf::File& file, const model::Program& program) {
    auto weights = Weights::decode(file, program);
    if (!weights) return forward(weights);
    Forward result;
    result.m_program = std::make_shared<model::Program>(program);
    result.m_weights = std::move(*weights);
    result.m_rows.resize(program.hparams.nLayers);
    return result;
}

Result<RunOutput> Forward::run(std::span<const std::int32_t> tokens, const RunOptions& options) {
    if (tokens.empty()) return fail(ErrorKind::BadUsage, "reference", "a run needs at least one token");
    for (const std::int32_t token : tokens) {
        if (token >= 0 && static_cast<std::uint32_t>(token) < m_program->hparams.nVocab) continue;
        return fail(ErrorKind::BadUsage, "reference", "the token {} is outside the vocabulary of {}", token,
                    m_program->hparams.nVocab);
    }
    RunOutput output = Step(*this, tokens, options).run();
    m_length += tokens.size();
    return output;
}

void Forward::truncate(std::size_t length) {
    if (length >= m_length) return;
    for (Rows& rows : m_rows) {
        rows.k.resize(rows.k.size() / m_length * length);
        rows.v.resize(rows.v.size() / m_length * length);
    }
    m_length = length;
}

}  // namespace kvscope::reference
