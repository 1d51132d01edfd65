// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/trace/records.h"
#include "engine/vulkan/buffer.h"

namespace kvscope::probe {

/// Shapes of the error probe.
struct ErrorShape {
    std::uint32_t layers = 0;
    std::uint32_t heads = 0;  ///< query heads
    std::uint32_t kvHeads = 0;
    std::uint32_t headDim = 0;
    std::uint32_t positions = 0;    ///< rows a sequence may reach
    std::uint32_t rowCapacity = 0;  ///< slots a head's rows may need
    float scale = 0;
};

/// Buffers of the error probe (design 3): the exact rows kept aside in f32 in host-visible memory, scores, one record
/// and one tap (query, output) a (layer, query head).
class AttentionError {
  public:
    AttentionError() = default;
    /// Takes rows for as many layers, evenly spread, as `budget` bytes allow. Error: not even one layer fits.
    static Result<AttentionError> create(vulkan::Device& device, const ErrorShape& shape, std::uint64_t budget);

    [[nodiscard]] bool present() const { return !m_exact.empty(); }
    [[nodiscard]] bool covers(std::uint32_t layer) const { return present() && m_exact[layer].bytes() > 0; }
    [[nodiscard]] std::uint32_t layersCovered() const { return m_covered; }
    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] const ErrorShape& shape() const { return m_shape; }

    [[nodiscard]] const vulkan::Buffer& exactRows(std::uint32_t layer) const { return m_exact[layer]; }
    [[nodiscard]] const vulkan::Buffer& scores() const { return m_scores; }
    [[nodiscard]] const vulkan::Buffer& exactScores() const { return m_exactScores; }
    [[nodiscard]] const vulkan::Buffer& records() const { return m_records; }
    [[nodiscard]] const vulkan::Buffer& taps() const { return m_taps; }

    /// Relative L2, cosine, mass recall and KL of every query head from the newest records; NaN where not covered.
    [[nodiscard]] std::vector<trace::HeadMetricRecord> metrics(std::uint32_t sequence) const;

    /// The same relative L2 computed by the Eigen reference from the exact rows, queries and outputs, for the query at
    /// `position`: (layer, query head), NaN where not covered. Shares no code with the kernel that made the records.
    [[nodiscard]] std::vector<float> referenceRelativeL2(std::uint32_t position) const;

  private:
    ErrorShape m_shape;
    std::vector<vulkan::Buffer> m_exact;  ///< a layer: (position, KV head, key | value, headDim); empty = not covered
    vulkan::Buffer m_scores, m_exactScores, m_records, m_taps;
    std::uint32_t m_covered = 0;
};

}  // namespace kvscope::probe
