// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/qwen2.h"

#include "engine/model/arch/blocks.h"

namespace kvscope::model {
namespace {

/// The biases that llama may have and qwen2 must have.
void requireBiases(Blocks& b, std::uint32_t layer) {
    if (b.has(Blocks::stem(layer, "attn_qkv.weight"))) {
        b.require(Blocks::stem(layer, "attn_qkv.bias"), {b.value(layer).offset + b.value(layer).width});
        return;
    }
    b.require(Blocks::stem(layer, "attn_q.bias"), {b.query(layer).width});
    b.require(Blocks::stem(layer, "attn_k.bias"), {b.key(layer).width});
    b.require(Blocks::stem(layer, "attn_v.bias"), {b.value(layer).width});
}

}  // namespace

Result<void> buildQwen2(const gguf::File& file, TensorTable& tensors, Program& program) {
    Blocks b(file, tensors, program);
    b.ignoreWindow();
    const RopeTable rope = b.rope(b.h().ropeDims, static_cast<double>(b.h().ropeBase));
    b.embed();
    for (std::uint32_t layer = 0; layer < b.h().nLayers; ++layer) {
        b.preNorm(layer, "attn_norm");
        requireBiases(b, layer);
        b.queryKeyValue(layer);
        b.attend(layer, {.rope = &rope});
        b.attentionOutput(layer, Slot::Hidden, true);
        b.preNorm(layer, "ffn_norm");
        b.feedForward(layer, Activation::Silu, Slot::Hidden, true);
    }
    b.head();
    return b.done();
}

}  // namespace kvscope::model
