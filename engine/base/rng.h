// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

namespace kvscope {

/// SplitMix64 (Steele, Lea, Flood 2014): a small seeded generator with the same numbers on every platform.
class Rng {
  public:
    explicit Rng(std::uint64_t seed) : m_state(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (m_state += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }
    /// Uniform in [0, 1).
    double uniform() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
    /// Uniform in [low, high).
    float uniform(float low, float high) { return low + static_cast<float>(uniform()) * (high - low); }
    /// Uniform in 0 … bound-1; bound > 0.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    /// Standard normal (Box-Muller, one of the pair).
    float normal() {
        const double u = 1.0 - uniform();
        return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * uniform()));
    }

  private:
    std::uint64_t m_state;
};

}  // namespace kvscope
