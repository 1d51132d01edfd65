// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
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
    using Dims = std::initializer_list<std::uint64_t>;

    explicit TensorTable(const gguf::File& file);

    /// The tensor `name`, which must exist with exactly these dimensions (ne0 first) and a type that can be decoded.
    [[nodiscard]] Result<TensorRef> require(std::string_view name, Dims dims);
    /// The same; an absent tensor gives an empty reference.
    [[nodiscard]] Result<TensorRef> optional(std::string_view name, Dims dims);
    /// A tensor of I32 numbers, each below `limit`.
    [[nodiscard]] Result<TensorRef> requireIndices(std::string_view name, Dims dims, std::uint32_t limit);
    /// The values of a one-dimensional tensor that the program holds itself; empty when it is absent. Each must be a
    /// finite number.
    [[nodiscard]] Result<std::vector<float>> hostValues(std::string_view name, std::uint64_t count);
    /// The same; each must be above 0.
    [[nodiscard]] Result<std::vector<float>> positiveValues(std::string_view name, std::uint64_t count);
    /// The multiplier beside a weight, "STEM.scale" of one value; 1 when there is none or it has more values (which
    /// then stays untaken).
    [[nodiscard]] Result<float> scaleOf(std::string_view stem);
    [[nodiscard]] bool has(std::string_view name) const { return m_file->findTensor(name) != nullptr; }

    /// Warnings that name what nobody took. An Error (Unsupported) when one of these would change the result of a
    /// tensor that was taken: a bias or a scale beside it.
    [[nodiscard]] Result<std::vector<std::string>> unused() const;
    /// Tensors that require…() and optional() gave out, each once.
    [[nodiscard]] const std::vector<TensorRef>& used() const { return m_used; }

  private:
    [[nodiscard]] std::string where(std::string_view name) const;
    /// The entry of `name` with these dimensions, or null when it is absent.
    [[nodiscard]] Result<const gguf::TensorInfo*> find(std::string_view name, Dims dims) const;
    /// The same; its type must be one that can be decoded.
    [[nodiscard]] Result<const gguf::TensorInfo*> findWeight(std::string_view name, Dims dims) const;
    TensorRef take(const gguf::TensorInfo& tensor);

    const gguf::File* m_file;
    std::vector<bool> m_taken;  ///< by an operation or by the program itself
    std::vector<bool> m_read;   ///< by an operation
    std::vector<TensorRef> m_used;
};

}  // namespace kvscope::model
