// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/gemma3.h"

#include <cmath>

#include "engine/model/arch/blocks.h"
#include "engine/model/arch/windows.h"

namespace kvscope::model {
namespace {

/// No key tells it: the 27B model is known by its layers (architectures.md 8).
constexpr std::uint32_t kLayersOf27B = 62;

}  // namespace

Result<void> readGemma3Keys(const gguf::File& file, Hparams& hparams) {
    return readWindows(KeyReader(file, hparams.architecture), {.window = {}, .period = 6}, hparams);
}

Result<void> buildGemma3(const gguf::File& file, TensorTable& tensors, Program& program) {
    Blocks b(file, tensors, program);
    const Hparams& h = b.h();
    const float windowedBase = b.take(b.keys().positiveFloat("rope.freq_base_swa")).value_or(10000.0F);
    const RopeTable full = b.rope(h.ropeDims, static_cast<double>(h.ropeBase));
    const RopeTable windowed = Blocks::plainRope(h.ropeDims, static_cast<double>(windowedBase));
    const float logitCap = b.take(b.keys().nonNegativeFloat("final_logit_softcapping", 0));

    b.embed(std::sqrt(static_cast<float>(h.nEmbd)));
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        const double width = h.nLayers == kLayersOf27B ? static_cast<double>(h.nEmbd) / h.nHeads[layer] : h.headDimK;
        b.preNorm(layer, "attn_norm");
        b.queryKeyValue(layer);
        b.headNorms(layer);
        b.attend(layer, {.rope = h.windows[layer] != 0 ? &windowed : &full, .scale = 1 / std::sqrt(width)});
        b.attentionOutput(layer, Slot::Normed, false);
        b.addNormed(layer, "post_attention_norm");
        b.preNorm(layer, "ffn_norm");
        b.feedForward(layer, Activation::GeluTanh, Slot::Normed, false);
        b.addNormed(layer, "post_ffw_norm");
    }
    b.head(logitCap);
    return b.done();
}

}  // namespace kvscope::model
