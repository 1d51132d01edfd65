// SPDX-License-Identifier: Apache-2.0
// DeepSeek V2 to V4. Numbers: config.json of the published checkpoints; of V3 inference/configs/config_671B.json, of
// V4 Flash the header of a published GGUF file.
#include <array>

#include "engine/planner/presets/family.h"
#include "engine/planner/presets/presets.h"

namespace kvscope::planner {
namespace {

constexpr std::string_view kSource2 = "published configuration, deepseek-ai/DeepSeek-V2";
constexpr std::string_view kSource3 = "published configuration, deepseek-ai/DeepSeek-V3";
constexpr std::string_view kSource32 = "published configuration, deepseek-ai/DeepSeek-V3.2-Exp";
constexpr std::string_view kSource4 = "published configuration, deepseek-ai/DeepSeek-V4";

// --- MLA: a latent of 512 values and 64 rotated ones a token and layer ---

model::Hparams latent(std::string_view architecture, std::string_view name, std::uint32_t layers, std::uint32_t heads) {
    constexpr std::uint32_t kContext = 163840;  // max_position_embeddings = 40 × 4096
    model::Hparams h = makeUniform({architecture, name, layers, heads, 1, 192, kContext});
    h.valueDims.assign(layers, 128);  // v_head_dim; keys: qk_nope_head_dim 128 + qk_rope_head_dim 64
    h.headDimV = 128;
    h.kvLoraRank = 512;
    h.ropeDims = 64;
    return h;
}

model::Hparams make2Lite() {
    return latent("deepseek2", "DeepSeek V2 Lite", 27, 16);
}
model::Hparams make2() {
    return latent("deepseek2", "DeepSeek V2", 60, 128);
}
model::Hparams make3() {
    return latent("deepseek2", "DeepSeek V3", 61, 128);
}
model::Hparams make32() {  // V3 and an index key a token: index_n_heads, index_head_dim, index_topk
    model::Hparams h = latent("deepseek32", "DeepSeek V3.2", 61, 128);
    h.indexerHeads = 64;
    h.indexerKeyLength = 128;
    h.indexerTopK = 2048;
    return h;
}

// --- V4: one head of 512 values that is key and value, a window of 128 tokens, compressed rows behind it ---

/// The first two layers have `first`, then 4 and 128 in turn.
model::Hparams compressed(const UniformModel& model, std::uint32_t first, std::uint32_t topK) {
    model::Hparams h = makeUniform(model);
    h.windows.assign(h.nLayers, 128);
    h.ropeDims = 64;
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        h.compressRatios.push_back(layer < 2 ? first : layer % 2 == 0 ? 4 : 128);
    }
    h.indexerHeads = 64;
    h.indexerKeyLength = 128;
    h.indexerTopK = topK;
    return h;
}

model::Hparams make4Flash() {
    return compressed({"deepseek4", "DeepSeek V4 Flash", 43, 64, 1, 512, 1048576}, 0, 512);
}
model::Hparams make4Pro() {
    return compressed({"deepseek4", "DeepSeek V4 Pro", 61, 128, 1, 512, 1048576}, 128, 1024);
}

constexpr std::array kPresets = {
    Preset{"deepseek-v2-lite", kSource2, make2Lite},
    Preset{"deepseek-v2", kSource2, make2},
    Preset{"deepseek-v3", kSource3, make3},
    Preset{"deepseek-v3.2", kSource32, make32},
    Preset{"deepseek-v4-flash", kSource4, make4Flash},
    Preset{"deepseek-v4-pro", kSource4, make4Pro},
};

}  // namespace

std::span<const Preset> deepseekPresets() {
    return kPresets;
}

}  // namespace kvscope::planner
