// SPDX-License-Identifier: Apache-2.0
#include "engine/reference/step.h"

#include <variant>

#include "engine/base/assert.h"

namespace kvscope::reference {

void appendAsFloat(const Matrix& from, std::vector<float>& to) {
    const std::size_t begin = to.size();
    to.resize(begin + static_cast<std::size_t>(from.size()));
    Eigen::Map<Eigen::MatrixXf>(to.data() + begin, from.rows(), from.cols()) = from.cast<float>();
}

Step::Step(const Parts& parts, std::span<const std::int32_t> tokens, const RunOptions& options)
    : m_program(&parts.program),
      m_weights(&parts.weights),
      m_cached(&parts.cached),
      m_tokens(tokens),
      m_options(&options),
      m_slots(parts.program.slotWidths.size()),
      m_selected(parts.program.hparams.nLayers) {
    if (options.layers) m_output.layers.resize(parts.program.hparams.nLayers);
}

RunOutput Step::run() {
    for (const model::Operation& operation : m_program->operations) {
        std::visit([this](const auto& op) { apply(op); }, operation);
    }
    appendAsFloat(slot(model::Slot::Logits), m_output.logits);
    return std::move(m_output);
}

Matrix& Step::slot(model::Slot which) {
    Matrix& matrix = m_slots.at(static_cast<std::size_t>(which));
    if (matrix.size() == 0) {
        const bool one = which == model::Slot::Logits && !m_options->allLogits;
        matrix = Matrix::Zero(m_program->width(which), one ? 1 : columns());
    }
    return matrix;
}

Step::Columns Step::view(const model::View& view, bool lastOnly) {
    Matrix& matrix = slot(view.slot);
    const Index first = lastOnly && !m_options->allLogits ? matrix.cols() - 1 : 0;
    KVS_ASSERT(Index{view.offset} + view.width <= matrix.rows());
    return matrix.block(view.offset, first, view.width, matrix.cols() - first);
}

WeightRows Step::matrix(model::TensorRef ref) const {
    return {m_weights->values(ref).data(), toIndex(m_weights->rows(ref)), toIndex(m_weights->rowLength(ref))};
}

Eigen::VectorXd Step::vector(model::TensorRef ref, Index size, double fallback) const {
    if (!ref.present()) return Eigen::VectorXd::Constant(size, fallback);
    const std::span<const float> values = m_weights->values(ref);
    KVS_ASSERT(toIndex(values.size()) == size);
    return Eigen::Map<const Eigen::VectorXf>(values.data(), size).cast<double>();
}

}  // namespace kvscope::reference
