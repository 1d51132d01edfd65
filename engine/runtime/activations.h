// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
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
    /// `indexRows`: rows that an indexer may have to score for a column; 0 = no indexer.
    static Result<Activations> create(vulkan::Device& device, const model::Program& program, std::uint32_t columns,
                                      std::uint32_t indexRows);

    /// Where a view's columns lie.
    [[nodiscard]] kernels::ColumnsView view(const model::View& view) const;
    /// Results of the chosen experts before they are summed: (columns, used · width).
    [[nodiscard]] kernels::ColumnsView expertResults() const;

    /// What attention needs room for: values and sums of all splits of a column.
    struct AttentionRoom {
        std::uint64_t values = 0;
        std::uint64_t sums = 0;
    };
    /// Makes room for `columns` rows of logits and for attention. True when buffers were replaced.
    Result<bool> ensure(vulkan::Device& device, std::uint32_t logitColumns, const AttentionRoom& room);

    vulkan::Buffer columns;                  ///< token, position, sequence slot, keep-aside flag
    std::vector<vulkan::Buffer> ropeTables;  ///< one for each distinct table of the program
    std::vector<std::uint32_t> ropeTableOf;  ///< operation index -> table (or 0)
    vulkan::Buffer partial, stats;           ///< attention, split by split
    vulkan::Buffer logits;
    vulkan::Buffer indexScores;                      ///< (columns, indexCapacity) f32
    std::uint32_t indexCapacity = 0;                 ///< slots
    std::map<std::uint32_t, vulkan::Buffer> chosen;  ///< by layer: (columns, 1 + topK), a count and slots

  private:
    Result<void> makeSlots(vulkan::Device& device, const model::Program& program);
    Result<void> makeRopeTables(vulkan::Device& device, const model::Program& program);
    Result<void> makeSelection(vulkan::Device& device, const model::Program& program, std::uint32_t indexRows);

    std::vector<vulkan::Buffer> m_slots;  ///< by slot number; empty for the logits
    std::vector<std::uint32_t> m_strides;
    vulkan::Buffer m_expertResults;
    std::uint32_t m_expertStride = 0;
    std::uint32_t m_columns = 0, m_vocabulary = 0;
    std::uint32_t m_logitColumns = 0;
    AttentionRoom m_room;
};

}  // namespace kvscope::runtime
