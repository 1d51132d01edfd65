// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/trace/records.h"

namespace kvscope::models {

/// How a layer keeps the past, before any policy.
enum class LayerKind : std::uint8_t {
    Full,     ///< a row of every token
    Window,   ///< rows of the newest tokens
    Borrows,  ///< no rows of its own: reads those of an earlier layer
    Latent,   ///< one latent of every token for all heads (MLA)
    Csa,      ///< a window, and compressed rows of which an indexer chooses
    Hca,      ///< a window, and compressed rows that are all read
};

/// What one layer caches natively.
struct LayerFacts {
    std::uint32_t source = 0;  ///< the layer whose rows it reads: itself, or an earlier one
    std::uint32_t heads = 1;   ///< query heads
    std::uint32_t kvHeads = 1;
    std::uint32_t keyDim = 0;
    std::uint32_t valueDim = 0;     ///< 0 = the key is the value
    std::uint32_t sharedValue = 0;  ///< elements of the key that are the value; 0 = not known
    std::uint32_t window = 0;       ///< tokens, 0 = full
    std::uint32_t ratio = 0;        ///< tokens of a compressed row, 0 = no such rows
    std::uint32_t selects = 0;      ///< rows an indexer chooses at most; 0 = not known
    bool latent = false;            ///< one row for all heads, keys and values in one
    bool index = false;             ///< an indexer chooses rows
    bool operator==(const LayerFacts&) const = default;
};

/// The layers of a run. Runs recorded before layers were described have none: every layer then has the run's heads.
class LayerStructure {
  public:
    LayerStructure() = default;
    /// From the run's facts. Text that is no such description, or does not fit the run, counts as none.
    [[nodiscard]] static LayerStructure of(const trace::RunInfo& run);
    /// True when the layers are described.
    [[nodiscard]] bool known() const { return !m_layers.empty(); }
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(m_layers.size()); }
    /// The layer's own numbers; those of the run when the layers are not described.
    [[nodiscard]] const LayerFacts& at(std::uint32_t layer) const {
        return layer < m_layers.size() ? m_layers[layer] : m_common;
    }
    [[nodiscard]] LayerKind kind(std::uint32_t layer) const;
    /// True when the layer reads the rows of another.
    [[nodiscard]] bool borrows(std::uint32_t layer) const {
        return layer < m_layers.size() && m_layers[layer].source != layer;
    }
    /// Query heads of a KV head.
    [[nodiscard]] std::uint32_t group(std::uint32_t layer) const {
        return std::max(1U, at(layer).heads / std::max(1U, at(layer).kvHeads));
    }
    [[nodiscard]] std::uint32_t kvHeadOf(std::uint32_t layer, std::uint32_t queryHead) const {
        return std::min(queryHead / group(layer), std::max(1U, at(layer).kvHeads) - 1);
    }
    /// True when all layers have groups of one size.
    [[nodiscard]] bool sameGroups() const;
    /// False for a metric of rows that no layer of the run has; true for all others, and where nothing is known.
    [[nodiscard]] bool offers(trace::HeadMetric metric) const;
    /// Whether the layer owns rows of the kind that the metric counts.
    [[nodiscard]] bool owns(std::uint32_t layer, trace::HeadMetric metric) const;

  private:
    std::vector<LayerFacts> m_layers;
    LayerFacts m_common;
};

}  // namespace kvscope::models
