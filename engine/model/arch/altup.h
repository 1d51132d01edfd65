// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/arch/blocks.h"

namespace kvscope::model {

/// Alternating updates (architectures.md 9): of several residual streams each layer computes one; the others are
/// predicted before it and corrected after it.
class AltUp {
  public:
    /// Reads {arch}.altup.… and adds the slots.
    explicit AltUp(Blocks& b);

    /// First stream = Hidden, the others its projections, brought to its norm.
    void begin();
    /// Predicts all streams from those of the layer before.
    void predict(std::uint32_t layer);
    /// The stream that the layer computes: as predicted, and as corrected.
    [[nodiscard]] View predicted() const { return stream(m_predicted, m_active); }
    [[nodiscard]] View corrected() const { return stream(m_streams, m_active); }
    /// Corrects all streams by what the layer made of the active one: Hidden.
    void correct(std::uint32_t layer);
    /// Adds Normed to all streams but the first.
    void addToOthers();
    /// Hidden = mean of the streams, each but the first projected back and brought to the norm of the first.
    void end();

  private:
    [[nodiscard]] View stream(View streams, std::uint32_t index) const;
    [[nodiscard]] View others(View streams) const;
    void route(std::uint32_t layer, View in);
    void matchNorms(View streams);

    Blocks* m_b;
    std::uint32_t m_count = 0;
    std::uint32_t m_active = 0;
    View m_streams;       ///< count · nEmbd
    View m_predicted;     ///< count · nEmbd
    View m_modalities;    ///< count
    View m_coefficients;  ///< count · count
    View m_difference;    ///< nEmbd
};

}  // namespace kvscope::model
