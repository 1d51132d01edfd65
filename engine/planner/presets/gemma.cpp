// SPDX-License-Identifier: Apache-2.0
// Gemma 3 and 4. Numbers: config.json of the published checkpoints (num_hidden_layers, num_attention_heads,
// num_key_value_heads, head_dim, sliding_window, layer_types, num_kv_shared_layers).
#include <array>

#include "engine/planner/presets/family.h"
#include "engine/planner/presets/presets.h"

namespace kvscope::planner {
namespace {

constexpr std::string_view kSource3 = "published configuration, google/gemma-3";
constexpr std::string_view kSource4 = "published configuration, google/gemma-4";
constexpr std::string_view kSource4B12 =
    "google/gemma-4-12b, by one second-hand table of its configuration; the trained context is not known";

// --- Gemma 3: five windowed layers, then a full one ---

model::Hparams gemma3(const UniformModel& model, std::uint32_t window) {
    model::Hparams h = makeUniform(model);
    setWindows(h, 6, window);
    return h;
}

model::Hparams make3M270() {
    return gemma3({"gemma3", "Gemma 3 270M", 18, 4, 1, 256, 32768}, 512);
}
model::Hparams make3B1() {
    return gemma3({"gemma3", "Gemma 3 1B", 26, 4, 1, 256, 32768}, 512);
}
model::Hparams make3B4() {
    return gemma3({"gemma3", "Gemma 3 4B", 34, 8, 4, 256, 131072}, 1024);
}
model::Hparams make3B12() {
    return gemma3({"gemma3", "Gemma 3 12B", 48, 16, 8, 256, 131072}, 1024);
}
model::Hparams make3B27() {  // the only size with heads of 128
    return gemma3({"gemma3", "Gemma 3 27B", 62, 32, 16, 128, 131072}, 1024);
}

// --- Gemma 4: full layers have heads of 512 values, windowed ones of 256; the last layers may borrow K and V ---

struct Gemma4 {
    std::string_view name;
    std::uint32_t layers = 0;
    std::uint32_t period = 6;  ///< the last layer of each is full
    std::uint32_t heads = 0;
    std::uint32_t kvHeadsWindowed = 0;
    std::uint32_t kvHeadsFull = 0;
    std::uint32_t window = 0;
    std::uint32_t shared = 0;  ///< trailing layers that read the last own layer of their kind
    std::uint32_t context = 0;
};

model::Hparams gemma4(const Gemma4& model) {
    constexpr std::uint32_t kWindowedHead = 256;  // head_dim
    constexpr std::uint32_t kFullHead = 512;      // global_head_dim
    model::Hparams h =
        makeUniform({"gemma4", model.name, model.layers, model.heads, model.kvHeadsWindowed, kFullHead, model.context});
    setWindows(h, model.period, model.window);
    const std::uint32_t own = model.layers - model.shared;
    std::uint32_t lastWindowed = 0;
    std::uint32_t lastFull = 0;
    for (std::uint32_t layer = 0; layer < model.layers; ++layer) {
        const bool windowed = h.windows[layer] != 0;
        h.nKvHeads[layer] = windowed ? model.kvHeadsWindowed : model.kvHeadsFull;
        h.keyDims[layer] = h.valueDims[layer] = windowed ? kWindowedHead : kFullHead;
        std::uint32_t& last = windowed ? lastWindowed : lastFull;
        if (layer < own) last = layer;
        h.sourceLayers[layer] = last;
    }
    return h;
}

model::Hparams make4E2b() {
    return gemma4({.name = "Gemma 4 E2B",
                   .layers = 35,
                   .period = 5,
                   .heads = 8,
                   .kvHeadsWindowed = 1,
                   .kvHeadsFull = 1,
                   .window = 512,
                   .shared = 20,
                   .context = 131072});
}
model::Hparams make4E4b() {
    return gemma4({.name = "Gemma 4 E4B",
                   .layers = 42,
                   .heads = 8,
                   .kvHeadsWindowed = 2,
                   .kvHeadsFull = 2,
                   .window = 512,
                   .shared = 18,
                   .context = 131072});
}
model::Hparams make4B12() {
    return gemma4(
        {.name = "Gemma 4 12B", .layers = 48, .heads = 16, .kvHeadsWindowed = 8, .kvHeadsFull = 1, .window = 1024});
}
model::Hparams make4B26() {
    return gemma4({.name = "Gemma 4 26B-A4B",
                   .layers = 30,
                   .heads = 16,
                   .kvHeadsWindowed = 8,
                   .kvHeadsFull = 2,
                   .window = 1024,
                   .context = 262144});
}
model::Hparams make4B31() {
    return gemma4({.name = "Gemma 4 31B",
                   .layers = 60,
                   .heads = 32,
                   .kvHeadsWindowed = 16,
                   .kvHeadsFull = 4,
                   .window = 1024,
                   .context = 262144});
}

constexpr std::array kPresets = {
    Preset{"gemma-3-270m", kSource3, make3M270},   Preset{"gemma-3-1b", kSource3, make3B1},
    Preset{"gemma-3-4b", kSource3, make3B4},       Preset{"gemma-3-12b", kSource3, make3B12},
    Preset{"gemma-3-27b", kSource3, make3B27},     Preset{"gemma-4-e2b", kSource4, make4E2b},
    Preset{"gemma-4-e4b", kSource4, make4E4b},     Preset{"gemma-4-12b", kSource4B12, make4B12},
    Preset{"gemma-4-26b-a4b", kSource4, make4B26}, Preset{"gemma-4-31b", kSource4, make4B31},
};

}  // namespace

std::span<const Preset> gemmaPresets() {
    return kPresets;
}

}  // namespace kvscope::planner
