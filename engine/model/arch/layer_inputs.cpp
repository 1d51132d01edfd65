// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/layer_inputs.h"

#include <cmath>
#include <numbers>

namespace kvscope::model {

LayerInputs makeLayerInputs(Blocks& b, std::uint32_t fallback) {
    constexpr std::string_view kWidth = "embedding_length_per_layer_input";
    LayerInputs result;
    const std::uint32_t width = b.take(b.keys().count(kWidth, kLargestDimension / b.h().nLayers, fallback));
    if (b.failed() || width == 0) return result;
    if (width % 4 != 0 || width > kLargestDimension / b.h().nLayers) {
        b.failWith({ErrorKind::Unsupported, b.keys().where(kWidth),
                    fmt::format("the value is {}; multiples of 4 up to {} are supported with {} layers", width,
                                kLargestDimension / b.h().nLayers, b.h().nLayers)});
        return result;
    }
    const std::uint32_t all = width * b.h().nLayers;
    result = {.width = width, .inputs = b.program().addSlot(all), .hidden = b.program().addSlot(width)};
    const View inputs = b.whole(result.inputs);
    const View projected = b.whole(b.program().addSlot(all));

    const float own = b.take(b.tensors().scaleOf("per_layer_token_embd"));
    b.add(EmbedOp{.table = b.require("per_layer_token_embd.weight", {all, b.h().nVocab}),
                  .out = inputs,
                  .scale = std::sqrt(static_cast<float>(width)) * own});
    ProductPart projection = b.part("per_layer_model_proj", projected, b.h().nEmbd);
    projection.scale /= std::sqrt(static_cast<float>(b.h().nEmbd));
    b.product(b.whole(Slot::Hidden), projection);
    b.norm(projected, projected, "per_layer_proj_norm", width);
    b.add(MapOp{.kind = MapKind::Add,
                .a = inputs,
                .b = projected,
                .out = inputs,
                .constant = static_cast<float>(1 / std::numbers::sqrt2)});
    return result;
}

void layerInput(Blocks& b, std::uint32_t layer, const LayerInputs& inputs, View in) {
    if (inputs.width == 0) return;
    const View hidden = b.whole(inputs.hidden);
    const View own{inputs.inputs, layer * inputs.width, inputs.width};
    b.product(in, b.part(Blocks::stem(layer, "inp_gate"), hidden, in.width));
    b.add(MapOp{.kind = MapKind::GeluMultiply, .a = hidden, .b = own, .out = hidden});
    b.product(hidden, b.part(Blocks::stem(layer, "proj"), b.whole(Slot::Normed), inputs.width));
    b.norm(b.whole(Slot::Normed), b.whole(Slot::Normed), Blocks::stem(layer, "post_norm"));
}

}  // namespace kvscope::model
