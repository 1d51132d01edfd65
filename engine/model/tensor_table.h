// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/model/operations.h"

namespace kvscope::model {

/// Hands out an architecture's tensors by name: checks shape and type, and keeps count of which were taken.
class TensorTable {
  public:
    explicit TensorTable(const gguf::File& file);

    /// The tensor `name`, which must exist with exactly these dimensions (ne0 first) and a type that can be decoded.
    [[nodiscard]] Result<TensorRef> require(std::string_view name, std::initializer_list<std::uint64_t> dims);
    /// The same; an absent tensor gives an empty reference.
    [[nodiscard]] Result<TensorRef> optional(std::string_view name, std::initializer_list<std::uint64_t> dims);
    /// The values of a one-dimensional tensor that the program holds itself; empty when it is absent. Each must be a
    /// finite number above 0.
    [[nodiscard]] Result<std::vector<float>> positiveValues(std::string_view name, std::uint64_t count);
    [[nodiscard]] bool has(std::string_view name) const { return m_file->findTensor(name) != nullptr; }

    /// Warnings that name what nobody took. An Error (Unsupported) when one of these would change the result of a
    /// tensor that was taken: a bias or a scale beside it.
    [[nodiscard]] Result<std::vector<std::string>> unused() const;
    /// Tensors that require() and optional() gave out, each once.
    [[nodiscard]] const std::vector<TensorRef>& used() const { return m_used; }

  private:
    [[nodiscard]] std::string where(std::string_view name) const;

    const gguf::File* m_file;
    std::vector<bool> m_taken;
    std::vector<TensorRef> m_used;
};

}  // namespace kvscope::model
