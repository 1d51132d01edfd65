// SPDX-License-Identifier: Apache-2.0
// Llama 3.1. Numbers: config.json of the published checkpoints (num_hidden_layers, num_attention_heads,
// num_key_value_heads, hidden_size / num_attention_heads, max_position_embeddings).
#include <array>

#include "engine/planner/presets/family.h"
#include "engine/planner/presets/presets.h"

namespace kvscope::planner {
namespace {

constexpr std::string_view kSource = "published configuration, meta-llama/Llama-3.1";

model::Hparams make8b() {  // 4096 / 32 heads = 128
    return makeUniform({"llama", "Llama 3.1 8B", 32, 32, 8, 128, 131072});
}
model::Hparams make70b() {  // 8192 / 64 heads = 128
    return makeUniform({"llama", "Llama 3.1 70B", 80, 64, 8, 128, 131072});
}

constexpr std::array kPresets = {Preset{"llama-3.1-8b", kSource, make8b}, Preset{"llama-3.1-70b", kSource, make70b}};

}  // namespace

std::span<const Preset> llamaPresets() {
    return kPresets;
}

}  // namespace kvscope::planner
