// SPDX-License-Identifier: Apache-2.0
// Phi 3. Numbers: config.json of the published checkpoint. Its sliding_window of 2047 is left out, as llama.cpp does:
// every layer attends to everything.
#include <array>

#include "engine/planner/presets/family.h"
#include "engine/planner/presets/presets.h"

namespace kvscope::planner {
namespace {

model::Hparams makeMini() {  // 3072 / 32 heads = 96; no grouping
    return makeUniform({"phi3", "Phi 3 mini 4k", 32, 32, 32, 96, 4096});
}

constexpr std::array kPresets = {Preset{
    "phi-3-mini", "published configuration, microsoft/Phi-3-mini-4k-instruct; its window is not used", makeMini}};

}  // namespace

std::span<const Preset> phiPresets() {
    return kPresets;
}

}  // namespace kvscope::planner
