// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "engine/base/error.h"
#include "engine/model/hparams.h"

namespace kvscope::planner {

/// Dimensions of a published model, as far as its cache depends on them; the rest of the Hparams is 0.
struct Preset {
    std::string_view name;    ///< "llama-3.1-8b"
    std::string_view source;  ///< where the numbers come from
    model::Hparams (*make)() = nullptr;
};

/// All presets, by family.
[[nodiscard]] std::span<const Preset> presets();
/// BadUsage with the names that are near when there is no such preset.
[[nodiscard]] Result<const Preset*> findPreset(std::string_view name);

// One function a family, in the file of its name; listed in registry.cpp.
[[nodiscard]] std::span<const Preset> llamaPresets();
[[nodiscard]] std::span<const Preset> qwenPresets();
[[nodiscard]] std::span<const Preset> phiPresets();
[[nodiscard]] std::span<const Preset> gemmaPresets();
[[nodiscard]] std::span<const Preset> deepseekPresets();

}  // namespace kvscope::planner
