// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/phi3.h"

#include "engine/model/arch/blocks.h"

namespace kvscope::model {
namespace {

/// ffn_up holds the gate's rows, then the up rows.
void feedForward(Blocks& b, std::uint32_t layer) {
    const std::uint32_t width = b.h().nFf[layer];
    if (width == 0 || width > kLargestDimension / 2) {
        b.failWith(
            {ErrorKind::BadFile, b.keys().where("feed_forward_length"),
             fmt::format("the width of layer {} is {}; it must be 1 to {}", layer, width, kLargestDimension / 2)});
        return;
    }
    const View hidden{Slot::FeedForward, 0, width};
    ProductPart gate = b.part(Blocks::stem(layer, "ffn_up"), {Slot::FeedForward, 0, 2 * width}, b.h().nEmbd);
    gate.rowCount = width;
    ProductPart up = gate;
    up.rowBegin = width;
    b.gated(b.whole(Slot::Normed), hidden, gate, up, Activation::Silu);
    b.product(hidden, b.part(Blocks::stem(layer, "ffn_down"), b.whole(Slot::Hidden), width), true);
}

}  // namespace

Result<void> buildPhi3(const gguf::File& file, TensorTable& tensors, Program& program) {
    Blocks b(file, tensors, program);
    b.ignoreWindow();
    const RopeTable rope = b.rope(b.h().ropeDims, static_cast<double>(b.h().ropeBase));
    b.embed();
    for (std::uint32_t layer = 0; layer < b.h().nLayers; ++layer) {
        b.preNorm(layer, "attn_norm");
        b.queryKeyValue(layer);
        b.attend(layer, {.rope = &rope});
        b.attentionOutput(layer, Slot::Hidden, true);
        b.preNorm(layer, "ffn_norm");
        feedForward(b, layer);
    }
    b.head();
    return b.done();
}

}  // namespace kvscope::model
