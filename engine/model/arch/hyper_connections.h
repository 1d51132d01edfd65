// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "engine/model/arch/blocks.h"

namespace kvscope::model {

/// Several residual streams, mixed around each part of a layer by learned coefficients (architectures.md 12.5). A part
/// reads Hidden and leaves its result in result().
class HyperConnections {
  public:
    /// Reads {arch}.hyper_connection.… and adds the slots.
    explicit HyperConnections(Blocks& b);

    /// Every stream = Hidden.
    void begin();
    /// Hidden = the streams' mix for a part; "STEM_fn", "STEM_base" and "STEM_scale" are its tensors.
    void before(const std::string& stem);
    /// The streams mixed with result(), by the coefficients of the call before.
    void after();
    /// Hidden = the streams' mix for the output head, by output_hc_….
    void end();
    [[nodiscard]] View result() const { return m_result; }

  private:
    void coefficients(const std::string& stem, std::uint32_t count, std::uint32_t scales, std::uint32_t iterations);
    void mixToHidden();

    Blocks* m_b;
    std::uint32_t m_iterations = 0;
    float m_eps = 0;
    View m_streams;       ///< streams · nEmbd
    View m_next;          ///< the same: what after() writes, then the two change places
    View m_normed;        ///< streams · nEmbd
    View m_products;      ///< (2 + streams) · streams
    View m_coefficients;  ///< the same
    View m_result;        ///< nEmbd
};

}  // namespace kvscope::model
