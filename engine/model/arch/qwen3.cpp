// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/qwen3.h"

#include "engine/model/arch/blocks.h"

namespace kvscope::model {

Result<void> buildQwen3(const gguf::File& file, TensorTable& tensors, Program& program) {
    Blocks b(file, tensors, program);
    b.ignoreWindow();
    const RopeTable rope = b.rope(b.h().ropeDims, static_cast<double>(b.h().ropeBase));
    const bool mixture = b.h().architecture == "qwen3moe";
    const ExpertSpec spec = mixture ? b.readExperts(true) : ExpertSpec{};
    b.embed();
    for (std::uint32_t layer = 0; layer < b.h().nLayers; ++layer) {
        b.preNorm(layer, "attn_norm");
        b.queryKeyValue(layer);
        b.headNorms(layer);
        b.attend(layer, {.rope = &rope});
        b.attentionOutput(layer, Slot::Hidden, true);
        b.preNorm(layer, "ffn_norm");
        if (mixture) {
            b.route(layer, spec, b.whole(Slot::Normed));
            b.experts(layer, spec, b.whole(Slot::Normed), b.whole(Slot::Hidden), true);
        } else {
            b.feedForward(layer, Activation::Silu, Slot::Hidden, true);
        }
    }
    b.head();
    return b.done();
}

}  // namespace kvscope::model
