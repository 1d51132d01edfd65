// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/arch/blocks.h"

namespace kvscope::model {

/// Ratio of overlapping blocks whose rows an indexer selects, and of long blocks that are all read.
inline constexpr std::uint32_t kIndexedRatio = 4;
inline constexpr std::uint32_t kHeavyRatio = 128;

/// Rows that stand for blocks of tokens, and the indexer that selects them (architectures.md 12.4).
class CompressedRows {
  public:
    /// Adds the slots. `rope`: the rotation of layers with compressed rows; it must outlive this.
    CompressedRows(Blocks& b, const RopeTable& rope);

    /// Pools blocks of Normed and appends their rows: those that attention reads (Compressed) or index keys (Index).
    void append(std::uint32_t layer, RowRole role);
    /// Appends index keys, and selects rows by queries from `low`, the queries' latent, and weights from Normed.
    void select(std::uint32_t layer, View low);

  private:
    [[nodiscard]] RopeOp rotation(View heads, std::uint32_t headDim) const;

    Blocks* m_b;
    const RopeTable* m_rope;
    Slot m_value = Slot::Free;    ///< 2 · the widest row
    Slot m_gate = Slot::Free;     ///< the same
    Slot m_pooled = Slot::Free;   ///< the widest row
    Slot m_query = Slot::Free;    ///< of the indexer: heads · key length
    Slot m_weights = Slot::Free;  ///< of the indexer: heads
};

}  // namespace kvscope::model
