// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/reference/forward.h"

namespace kvscope::test {

/// `count` numbers within ±1 without a pattern, the same for a seed everywhere.
[[nodiscard]] std::vector<float> noise(std::uint32_t seed, std::size_t count);

/// Runs a few operations alone: column i of the input is in slot Hidden for token i, and a view comes back.
class OpBench {
  public:
    /// `columns`: the input, (tokens, width).
    OpBench(std::uint32_t width, std::vector<float> columns);

    [[nodiscard]] model::View in() const { return {model::Slot::Hidden, 0, m_width}; }
    /// A part of the input.
    [[nodiscard]] model::View in(std::uint32_t offset, std::uint32_t width) const {
        return {model::Slot::Hidden, offset, width};
    }
    [[nodiscard]] std::uint32_t tokens() const { return static_cast<std::uint32_t>(m_columns.size() / m_width); }
    /// A new slot as one view.
    [[nodiscard]] model::View slot(std::uint32_t width);
    [[nodiscard]] model::TensorRef weight(std::vector<std::uint64_t> dims, std::vector<float> values);
    [[nodiscard]] model::TensorRef indices(std::vector<std::uint64_t> dims, std::vector<std::int32_t> values);
    [[nodiscard]] std::uint32_t addStream(const model::CacheStream& stream);
    [[nodiscard]] std::uint32_t addState();
    void add(model::Operation operation) { m_operations.push_back(std::move(operation)); }

    /// The view `out` of every token, (tokens, out.width), in runs of these sizes (one run when empty).
    [[nodiscard]] std::vector<float> run(const model::View& out, const std::vector<std::size_t>& chunks = {}) const;
    /// A forward pass to be run at will; its "logits" are the view.
    [[nodiscard]] reference::Forward make(const model::View& out) const;

  private:
    struct Tensor {
        std::vector<std::uint64_t> dims;
        std::vector<float> values;
        std::vector<std::int32_t> indices;
    };
    std::uint32_t m_width;
    std::vector<float> m_columns;
    std::vector<std::uint32_t> m_slots;
    std::vector<Tensor> m_tensors;
    std::vector<model::Operation> m_operations;
    model::CacheLayout m_layout;
};

/// The ids 0 … count - 1.
[[nodiscard]] std::vector<std::int32_t> firstTokens(std::size_t count);

}  // namespace kvscope::test
