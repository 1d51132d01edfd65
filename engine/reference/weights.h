// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/model/operations.h"

namespace kvscope::reference {

/// The weights that a program uses, decoded to f32. Immutable; shared by all runs of a model.
class Weights {
  public:
    /// Decodes every tensor in program.used. Errors name file and tensor.
    static Result<std::shared_ptr<const Weights>> decode(const gguf::File& file, const model::Program& program);

    /// (rows, rowLength), row after row; empty for an absent tensor.
    [[nodiscard]] std::span<const float> values(model::TensorRef ref) const;
    [[nodiscard]] std::size_t rowLength(model::TensorRef ref) const;
    [[nodiscard]] std::size_t rows(model::TensorRef ref) const;

  private:
    struct Entry {
        std::size_t rowLength = 0;
        std::vector<float> values;
    };
    std::vector<Entry> m_entries;  ///< by index in gguf::File::tensors(), empty where unused
};

}  // namespace kvscope::reference
