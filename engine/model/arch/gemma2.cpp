// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/gemma2.h"

#include <cmath>

#include "engine/model/arch/blocks.h"
#include "engine/model/arch/windows.h"

namespace kvscope::model {
namespace {

/// No key tells it: the 27B model is known by its layers (architectures.md 7).
constexpr std::uint32_t kLayersOf27B = 46;

}  // namespace

Result<void> readGemma2Keys(const gguf::File& file, Hparams& hparams) {
    return readWindows(KeyReader(file, hparams.architecture), {.window = 4096, .period = 2}, hparams);
}

Result<void> buildGemma2(const gguf::File& file, TensorTable& tensors, Program& program) {
    Blocks b(file, tensors, program);
    const Hparams& h = b.h();
    const auto baseFull = static_cast<double>(h.ropeBase);
    const float windowedBase = b.take(b.keys().positiveFloat("rope.freq_base_swa")).value_or(h.ropeBase);
    const RopeTable full = b.rope(h.ropeDims, baseFull);
    const RopeTable windowed = b.rope(h.ropeDims, static_cast<double>(windowedBase));
    const float scoreCap = b.take(b.keys().nonNegativeFloat("attn_logit_softcapping", 50));
    const float logitCap = b.take(b.keys().nonNegativeFloat("final_logit_softcapping", 30));

    b.embed(std::sqrt(static_cast<float>(h.nEmbd)));
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        const double width = h.nLayers == kLayersOf27B ? static_cast<double>(h.nEmbd) / h.nHeads[layer] : h.headDimK;
        b.preNorm(layer, "attn_norm");
        b.queryKeyValue(layer);
        b.attend(
            layer,
            {.rope = h.windows[layer] != 0 ? &windowed : &full, .scale = 1 / std::sqrt(width), .softcap = scoreCap});
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
