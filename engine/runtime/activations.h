// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/error.h"
#include "engine/kernels/products.h"
#include "engine/model/operations.h"
#include "engine/vulkan/buffer.h"

namespace kvscope::runtime {

/// Buffers that a step works in: one for each slot of the program, (columns, width) f32, rows padded with zeros to
/// whole runs of 32 values, and the small inputs that the host writes before each step.
class Activations {
  public:
    static Result<Activations> create(vulkan::Device& device, const model::Program& program, std::uint32_t columns);

    /// Where a slot's columns lie. Query, Key and Value share one buffer, one after the other in each column.
    [[nodiscard]] kernels::ColumnsView view(model::Slot slot) const;
    /// Makes room for `columns` rows of logits and for attention over `splits` splits. True when buffers were replaced.
    Result<bool> ensure(vulkan::Device& device, std::uint32_t logitColumns, std::uint32_t splits);

    vulkan::Buffer columns;                  ///< token, position, sequence slot, keep-aside flag
    std::vector<vulkan::Buffer> ropeTables;  ///< one for each distinct table of the program
    std::vector<std::uint32_t> ropeTableOf;  ///< operation index -> table (or 0)
    vulkan::Buffer partial, stats;           ///< attention, split by split
    vulkan::Buffer logits;

  private:
    struct Place {
        std::size_t buffer = 0;
        std::uint32_t offset = 0;
        std::uint32_t stride = 0;
    };
    std::vector<vulkan::Buffer> m_buffers;
    Place m_hidden, m_normed, m_query, m_key, m_value, m_attention, m_feedForward;
    std::uint32_t m_columns = 0, m_heads = 0, m_headDim = 0, m_vocabulary = 0;
    std::uint32_t m_logitColumns = 0, m_splits = 0;
};

}  // namespace kvscope::runtime
