// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/reference/forward.h"

namespace kvscope::reference {

using Matrix = Eigen::MatrixXd;  ///< (width, tokens): a column is a token
using Index = Eigen::Index;
/// A weight: (rows, row length).
using WeightRows = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

inline Index toIndex(std::size_t value) {
    return static_cast<Index>(value);
}

/// Appends the columns one after the other, rounded to f32.
void appendAsFloat(const Matrix& from, std::vector<float>& to);

[[nodiscard]] double activate(model::Activation activation, double x);
[[nodiscard]] double sigmoid(double x);
/// act(gate) · up, with both clamped before where clamp > 0 (architectures.md 12.6).
[[nodiscard]] double gatedValue(model::Activation activation, double clamp, double gate, double up);
/// weight[begin …, count rows] · in
[[nodiscard]] Matrix multiply(const WeightRows& weight, std::pair<Index, Index> range, const Matrix& in);

/// One run over a batch of tokens: the slots in double, and an overload for each operation.
class Step {
  public:
    struct Parts {
        const model::Program& program;
        const Weights& weights;
        Cached& cached;
    };
    Step(const Parts& parts, std::span<const std::int32_t> tokens, const RunOptions& options);

    [[nodiscard]] RunOutput run();

  private:
    using Columns = Eigen::Block<Matrix>;

    // slots and weights
    Matrix& slot(model::Slot which);
    /// The view's columns; with `lastOnly` that of the last token when no other logits are wanted.
    Columns view(const model::View& view, bool lastOnly = false);
    [[nodiscard]] WeightRows matrix(model::TensorRef ref) const;
    /// A one-dimensional weight; all `fallback` when it is absent.
    [[nodiscard]] Eigen::VectorXd vector(model::TensorRef ref, Index size, double fallback) const;
    [[nodiscard]] std::size_t position(Index column) const {
        return m_cached->length + static_cast<std::size_t>(column);
    }
    [[nodiscard]] Index columns() const { return toIndex(m_tokens.size()); }

    // step_products.cpp
    void apply(const model::EmbedOp& op);
    void apply(const model::NormOp& op);
    void apply(const model::ProductOp& op);
    void apply(const model::GatedOp& op);
    // step_elements.cpp
    void apply(const model::MapOp& op);
    void apply(const model::MatchNormOp& op);
    void apply(const model::SparseOp& op);
    void apply(const model::CopyHeadsOp& op);
    // step_attention.cpp
    void apply(const model::RopeOp& op);
    void apply(const model::AppendOp& op);
    void apply(const model::AttendOp& op);
    void apply(const model::SelectOp& op);
    // step_experts.cpp
    void apply(const model::RouteOp& op);
    void apply(const model::ExpertGatedOp& op);
    void apply(const model::ExpertDownOp& op);
    // step_streams.cpp
    void apply(const model::StreamMixOp& op);
    void apply(const model::HyperOp& op);
    // step_compress.cpp
    void apply(const model::CompressOp& op);

    // attention
    struct Head {
        std::uint32_t head = 0;
        double sink = 0;  ///< −inf without one
    };
    [[nodiscard]] const model::CacheStream& stream(std::uint32_t index) const {
        return m_program->layout.streams[index];
    }
    [[nodiscard]] Index rowsOf(std::uint32_t index) const;
    [[nodiscard]] Matrix keysOf(std::uint32_t index, Index kvHead) const;
    [[nodiscard]] Matrix valuesOf(std::uint32_t index, Index kvHead) const;
    [[nodiscard]] std::pair<Index, Index> shown(const model::StreamRead& read, std::size_t query) const;
    [[nodiscard]] bool sees(const model::AttendOp& op, const model::StreamRead& read, std::uint32_t head,
                            std::pair<Index, Index> columnAndRow) const;
    void softmax(const model::AttendOp& op, const Head& head, Index column, Eigen::Ref<Eigen::VectorXd> scores) const;

    const model::Program* m_program;
    const Weights* m_weights;
    Cached* m_cached;
    std::span<const std::int32_t> m_tokens;
    const RunOptions* m_options;
    std::vector<Matrix> m_slots;
    /// By layer and column: rows that a SelectOp chose, ascending.
    std::vector<std::vector<std::vector<std::uint32_t>>> m_selected;
    RunOutput m_output;
};

}  // namespace kvscope::reference
