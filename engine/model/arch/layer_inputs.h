// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/arch/blocks.h"

namespace kvscope::model {

/// Per-layer embeddings: each layer's share of one wide vector a token (architectures.md 9 and 10.4).
struct LayerInputs {
    std::uint32_t width = 0;   ///< P, values a layer; 0 = the model has none
    Slot inputs = Slot::Free;  ///< P · nLayers, layer after layer
    Slot hidden = Slot::Free;  ///< P
};

/// Reads {arch}.embedding_length_per_layer_input, which stands at `fallback` when absent, and appends the operations
/// that fill `inputs` from the token and from Hidden, which holds the scaled embedding.
LayerInputs makeLayerInputs(Blocks& b, std::uint32_t fallback);

/// Normed = norm of proj (gelu(inp_gate in) · the layer's inputs), by post_norm. Nothing when the model has none.
void layerInput(Blocks& b, std::uint32_t layer, const LayerInputs& inputs, View in);

}  // namespace kvscope::model
