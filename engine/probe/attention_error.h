// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/trace/records.h"
#include "engine/vulkan/buffer.h"

namespace kvscope::probe {

/// One layer's attention as the error probe sees it.
struct ErrorLayer {
    std::uint32_t owner = 0;  ///< the layer whose rows it reads
    std::uint32_t heads = 0;  ///< query heads; 0 = not probed
    std::uint32_t kvHeads = 0;
    std::uint32_t keyDim = 0;
    std::uint32_t valueDim = 0;
    bool sharedValue = false;  ///< the value is the key's first part
    std::uint32_t window = 0;  ///< native, 0 = none
    float scale = 0;
    float softcap = 0;         ///< 0 = none
    std::vector<float> sinks;  ///< by head, or empty

    /// f32 numbers of one exact row of all KV heads.
    [[nodiscard]] std::uint64_t rowValues() const {
        return std::uint64_t{kvHeads} * (keyDim + (sharedValue ? 0 : valueDim));
    }
};

/// Shapes of the error probe.
struct ErrorShape {
    std::vector<ErrorLayer> layers;
    std::uint32_t positions = 0;    ///< rows a sequence may reach
    std::uint32_t rowCapacity = 0;  ///< slots a head's rows may need

    [[nodiscard]] std::uint32_t widest() const;  ///< query heads of the widest layer
};

/// Buffers of the error probe (design 3): the exact rows kept aside in f32 in host-visible memory, scores, one record
/// and one tap (query, output) a (layer, query head).
class AttentionError {
  public:
    AttentionError() = default;
    /// Takes rows for as many layers, evenly spread, as `budget` bytes allow. Error: not even one layer fits.
    static Result<AttentionError> create(vulkan::Device& device, const ErrorShape& shape, std::uint64_t budget);

    [[nodiscard]] bool present() const { return !m_exact.empty(); }
    /// Whether the rows of this layer (an owner) are kept aside.
    [[nodiscard]] bool covers(std::uint32_t layer) const { return present() && m_exact[layer].bytes() > 0; }
    /// Whether a layer's attention is judged: it is probed, and its owner is covered.
    [[nodiscard]] bool judges(std::uint32_t layer) const {
        return m_shape.layers[layer].heads > 0 && covers(m_shape.layers[layer].owner);
    }
    [[nodiscard]] std::uint32_t layersCovered() const { return m_covered; }
    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] const ErrorShape& shape() const { return m_shape; }
    /// Index of a layer's first record; word of its first tap.
    [[nodiscard]] std::uint32_t record(std::uint32_t layer) const { return m_recordBase[layer]; }
    [[nodiscard]] std::uint32_t tap(std::uint32_t layer) const { return m_tapBase[layer]; }

    [[nodiscard]] const vulkan::Buffer& exactRows(std::uint32_t layer) const { return m_exact[layer]; }
    [[nodiscard]] const vulkan::Buffer& scores() const { return m_scores; }
    [[nodiscard]] const vulkan::Buffer& exactScores() const { return m_exactScores; }
    [[nodiscard]] const vulkan::Buffer& records() const { return m_records; }
    [[nodiscard]] const vulkan::Buffer& taps() const { return m_taps; }

    /// Relative L2, cosine, mass recall and KL of every (layer, widest layer's query heads) from the newest records;
    /// NaN where there is none.
    [[nodiscard]] std::vector<trace::HeadMetricRecord> metrics(std::uint32_t sequence) const;

    /// The same relative L2 computed by the Eigen reference from the exact rows, queries and outputs, for the query at
    /// `position`: (layer, query head), NaN where not covered. Shares no code with the kernel that made the records.
    [[nodiscard]] std::vector<float> referenceRelativeL2(std::uint32_t position) const;

  private:
    ErrorShape m_shape;
    std::vector<vulkan::Buffer> m_exact;  ///< a layer: (position, KV head, key | value); empty = not covered
    std::vector<std::uint32_t> m_recordBase, m_tapBase;
    vulkan::Buffer m_scores, m_exactScores, m_records, m_taps;
    std::uint32_t m_covered = 0;
};

}  // namespace kvscope::probe
