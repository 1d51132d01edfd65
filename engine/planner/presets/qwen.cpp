// SPDX-License-Identifier: Apache-2.0
// Qwen 2 and 3, dense. Numbers: config.json of the published checkpoints (num_hidden_layers, num_attention_heads,
// num_key_value_heads, head_dim, max_position_embeddings).
#include <array>

#include "engine/planner/presets/family.h"
#include "engine/planner/presets/presets.h"

namespace kvscope::planner {
namespace {

constexpr std::string_view kSource2 = "published configuration, Qwen/Qwen2-0.5B-Instruct";
constexpr std::string_view kSource3 = "published configuration, Qwen/Qwen3";
constexpr std::uint32_t kContext3 = 40960;  // max_position_embeddings of all dense sizes

model::Hparams make2Half() {  // 896 / 14 heads = 64
    return makeUniform({"qwen2", "Qwen2 0.5B", 24, 14, 2, 64, 32768});
}
// head_dim is 128 in every size, whatever hidden_size / num_attention_heads is.
model::Hparams make3Small() {
    return makeUniform({"qwen3", "Qwen3 0.6B", 28, 16, 8, 128, kContext3});
}
model::Hparams make3B17() {
    return makeUniform({"qwen3", "Qwen3 1.7B", 28, 16, 8, 128, kContext3});
}
model::Hparams make3B4() {
    return makeUniform({"qwen3", "Qwen3 4B", 36, 32, 8, 128, kContext3});
}
model::Hparams make3B8() {
    return makeUniform({"qwen3", "Qwen3 8B", 36, 32, 8, 128, kContext3});
}
model::Hparams make3B14() {
    return makeUniform({"qwen3", "Qwen3 14B", 40, 40, 8, 128, kContext3});
}
model::Hparams make3B32() {
    return makeUniform({"qwen3", "Qwen3 32B", 64, 64, 8, 128, kContext3});
}

constexpr std::array kPresets = {
    Preset{"qwen2-0.5b", kSource2, make2Half}, Preset{"qwen3-0.6b", kSource3, make3Small},
    Preset{"qwen3-1.7b", kSource3, make3B17},  Preset{"qwen3-4b", kSource3, make3B4},
    Preset{"qwen3-8b", kSource3, make3B8},     Preset{"qwen3-14b", kSource3, make3B14},
    Preset{"qwen3-32b", kSource3, make3B32},
};

}  // namespace

std::span<const Preset> qwenPresets() {
    return kPresets;
}

}  // namespace kvscope::planner
