// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/model/hparams.h"

namespace kvscope::model {

/// {arch}.rope.scaling.type
enum class RopeScalingType : std::uint8_t { None, Linear, Yarn, LongRope };

/// The keys below {arch}.rope.scaling., read and checked (architectures.md 1.5 and 2).
struct RopeScaling {
    RopeScalingType type = RopeScalingType::Linear;
    double factor = 1;                  ///< of the context, F; 1 = no scaling
    std::uint64_t originalContext = 0;  ///< context before the extension
    double attnFactor = 1;              ///< rope.scaling.attn_factor
    double logMultiplier = 0;           ///< rope.scaling.yarn_log_multiplier, 0 = absent
    double extFactor = 0;       ///< weight of the extrapolated part: 1 for yarn, 0 otherwise, unless the key says
    double yarnAttnFactor = 1;  ///< rope.scaling.yarn_attn_factor; without effect when extFactor != 0
    double betaFast = 32;
    double betaSlow = 1;
};

/// What a rotation needs: an angle a position for each pair, and the multiplier of cos and sin.
struct RopeTable {
    std::vector<double> frequencies;
    double magnitude = 1;
};

/// Reads the scaling keys. Errors name file, key and value.
[[nodiscard]] Result<RopeScaling> readRopeScaling(const gguf::File& file, const Hparams& hparams);

/// Frequencies of `dims` rotated values for base `base`. `factors`: one a pair, each divides its frequency; or empty.
[[nodiscard]] RopeTable ropeTable(const RopeScaling& scaling, std::uint32_t dims, double base,
                                  std::span<const float> factors);

}  // namespace kvscope::model
