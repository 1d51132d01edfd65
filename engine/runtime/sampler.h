// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/rng.h"

namespace kvscope::runtime {

/// Applied in this order: temperature, top-k, top-p, min-p (each off at its default but temperature).
struct SamplerOptions {
    float temperature = 0;   ///< 0 = greedy: the largest logit, ties to the lower id
    std::uint32_t topK = 0;  ///< 0 = off
    float topP = 1;          ///< 1 = off
    float minP = 0;          ///< 0 = off: tokens below minP * p(best) are cut
    std::uint64_t seed = 0;
};

/// Draws tokens from logits; the same seed gives the same tokens.
class Sampler {
  public:
    explicit Sampler(const SamplerOptions& options) : m_options(options), m_rng(options.seed) {}
    /// logits: (nVocab). Returns a token id.
    [[nodiscard]] std::int32_t sample(std::span<const float> logits);

  private:
    SamplerOptions m_options;
    Rng m_rng;
};

/// log softmax(logits)[token], nats, summed in double.
[[nodiscard]] double logProbability(std::span<const float> logits, std::int32_t token);

/// KL(softmax(p) ‖ softmax(q)) in nats for two rows of logits of equal size.
[[nodiscard]] double klDivergence(std::span<const float> p, std::span<const float> q);

}  // namespace kvscope::runtime
