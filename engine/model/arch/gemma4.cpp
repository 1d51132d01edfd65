// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/gemma4.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/model/arch/blocks.h"
#include "engine/model/arch/layer_inputs.h"
#include "engine/model/arch/windows.h"

namespace kvscope::model {
namespace {

constexpr std::string_view kKeyLengthWindowed = "attention.key_length_swa";
constexpr std::string_view kValueLengthWindowed = "attention.value_length_swa";

Result<void> checkSizes(const KeyReader& keys, std::string_view valueKey, std::uint32_t key, std::uint32_t value) {
    if (key == value && key % 4 == 0) return {};
    return fail(ErrorKind::BadFile, keys.where(valueKey),
                "the value is {} and the keys of these heads have {} values; both must be one multiple of 4", value,
                key);
}

/// The mixture of experts that stands beside the dense part in the larger models.
struct Mixture {
    ExpertSpec experts;
    View router;  ///< nEmbd
    View first;   ///< nEmbd: what the dense part gives
    View second;  ///< nEmbd: what the experts give
};

struct Gemma4 {
    Gemma4(const gguf::File& file, TensorTable& tensors, Program& program) : b(file, tensors, program) {}

    Result<void> build() {
        readRotations();
        const float cap = b.take(b.keys().nonNegativeFloat("final_logit_softcapping", 30));
        if (b.keys().file().find("tokenizer.ggml.suppress_tokens") != nullptr) {
            b.warn("tokenizer.ggml.suppress_tokens: the logits of these tokens are shown as they are");
        }
        if (b.take(b.keys().count("expert_count", kLargestCount)) != 0) addMixture();
        b.embed(std::sqrt(static_cast<float>(b.h().nEmbd)));
        inputs = makeLayerInputs(b, 0);
        for (std::uint32_t layer = 0; layer < b.h().nLayers; ++layer) {
            attention(layer);
            feedForward(layer);
            if (inputs.width != 0) {
                layerInput(b, layer, inputs, hidden());
                b.add(MapOp{.kind = MapKind::Add, .a = hidden(), .b = normed(), .out = hidden()});
            }
            scaleOutput(layer);
        }
        b.head(cap);
        return b.done();
    }

    [[nodiscard]] View hidden() const { return b.whole(Slot::Hidden); }
    [[nodiscard]] View normed() const { return b.whole(Slot::Normed); }

    void readRotations() {
        const Hparams& h = b.h();
        full = b.rope(h.ropeDims, static_cast<double>(h.ropeBase));
        constexpr std::string_view kDims = "rope.dimension_count_swa";
        const auto layer = std::ranges::find_if(h.windows, [](std::uint32_t window) { return window != 0; });
        if (layer == h.windows.end()) return;
        const std::uint32_t keyDim = h.keyDims[static_cast<std::size_t>(layer - h.windows.begin())];
        const std::uint32_t dims = b.take(b.keys().optional(kDims, keyDim)).value_or(keyDim);
        if (dims % 2 != 0) {
            b.failWith({ErrorKind::BadFile, b.keys().where(kDims),
                        fmt::format("the value is {}; rotated dimensions come in pairs, so it must be even", dims)});
        }
        const float base = b.take(b.keys().positiveFloat("rope.freq_base_swa")).value_or(10000.0F);
        windowed = Blocks::plainRope(dims, static_cast<double>(base));
    }

    void addMixture() {
        Mixture added{.experts = b.readExperts(true)};
        added.experts.activation = Activation::GeluTanh;
        added.experts.logitScale = 1 / std::sqrt(static_cast<float>(b.h().nEmbd));
        for (View* view : {&added.router, &added.first, &added.second}) {
            *view = b.whole(b.program().addSlot(b.h().nEmbd));
        }
        mixture = added;
    }

    /// Values come from their own projection or from that of the keys, before its norm; they are normed without a gain.
    void keysAndValues(std::uint32_t layer) {
        const std::uint32_t width = b.h().keyDims[layer];
        if (!b.ownsRows(layer) || b.has(Blocks::stem(layer, "attn_v.weight"))) {
            b.queryKeyValue(layer);
        } else {
            b.add(ProductOp{.in = normed(),
                            .parts = {b.part(Blocks::stem(layer, "attn_q"), b.query(layer), b.h().nEmbd),
                                      b.part(Blocks::stem(layer, "attn_k"), b.key(layer), b.h().nEmbd)}});
        }
        if (b.ownsRows(layer)) {
            const bool own = b.has(Blocks::stem(layer, "attn_v.weight"));
            b.add(NormOp{.in = own ? b.value(layer) : b.key(layer),
                         .out = b.value(layer),
                         .eps = b.h().rmsEps,
                         .groupWidth = width});
        }
        b.headNorms(layer);
    }

    void attention(std::uint32_t layer) {
        b.preNorm(layer, "attn_norm");
        keysAndValues(layer);
        b.attend(layer, {.rope = b.h().windows[layer] != 0 ? &windowed : &full, .scale = 1});
        b.attentionOutput(layer, Slot::Normed, false);
        b.addNormed(layer, "post_attention_norm");
    }

    void feedForward(std::uint32_t layer) {
        b.preNorm(layer, "ffn_norm");
        b.feedForward(layer, Activation::GeluTanh, Slot::Normed, false);
        if (mixture && b.has(Blocks::stem(layer, "ffn_gate_inp.weight"))) expertsBeside(layer);
        b.addNormed(layer, "post_ffw_norm");
    }

    /// Normed = norm of Normed + norm of what the experts give.
    void expertsBeside(std::uint32_t layer) {
        b.norm(normed(), mixture->first, Blocks::stem(layer, "post_ffw_norm_1"));
        b.add(NormOp{.in = hidden(),
                     .out = mixture->router,
                     .gain = b.require(Blocks::stem(layer, "ffn_gate_inp.scale"), {b.h().nEmbd}),
                     .eps = b.h().rmsEps});
        b.route(layer, mixture->experts, mixture->router);
        b.preNorm(layer, "pre_ffw_norm_2");
        b.experts(layer, mixture->experts, normed(), mixture->second, false);
        b.norm(mixture->second, normed(), Blocks::stem(layer, "post_ffw_norm_2"));
        b.add(MapOp{.kind = MapKind::Add, .a = mixture->first, .b = normed(), .out = normed()});
    }

    void scaleOutput(std::uint32_t layer) {
        const TensorRef gain = b.optional(Blocks::stem(layer, "layer_output_scale.weight"), {1});
        if (gain.present()) b.add(MapOp{.kind = MapKind::Gain, .a = hidden(), .out = hidden(), .gain = gain});
    }

    Blocks b;
    RopeTable full;
    RopeTable windowed;
    LayerInputs inputs;
    std::optional<Mixture> mixture;
};

}  // namespace

Result<void> readGemma4Keys(const gguf::File& file, Hparams& h) {
    const KeyReader keys(file, h.architecture);
    if (auto window = keys.required("attention.sliding_window", kLargestCount); !window) return forward(window);
    if (!keys.has("attention.sliding_window_pattern")) {
        return fail(ErrorKind::BadFile, keys.where("attention.sliding_window_pattern"),
                    "the key is missing; it tells the windowed layers from the full ones, whose heads differ");
    }
    if (auto done = readWindows(keys, {}, h); !done) return done;
    if (auto done = readSharedLayers(keys, 0, h); !done) return done;
    auto key = keys.optional(kKeyLengthWindowed, kLargestHeadWidth);
    if (!key) return forward(key);
    auto value = keys.optional(kValueLengthWindowed, kLargestHeadWidth);
    if (!value) return forward(value);
    const std::uint32_t keyDim = key->value_or(h.headDimK);
    const std::uint32_t valueDim = value->value_or(h.headDimV);
    if (auto done = checkSizes(keys, "attention.value_length", h.headDimK, h.headDimV); !done) return done;
    if (auto done = checkSizes(keys, kValueLengthWindowed, keyDim, valueDim); !done) return done;
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        h.keyDims.push_back(h.windows[layer] != 0 ? keyDim : h.headDimK);
        h.valueDims.push_back(h.windows[layer] != 0 ? valueDim : h.headDimV);
    }
    h.headDimK = std::max(h.headDimK, keyDim);
    h.headDimV = std::max(h.headDimV, valueDim);
    return {};
}

Result<void> buildGemma4(const gguf::File& file, TensorTable& tensors, Program& program) {
    return Gemma4(file, tensors, program).build();
}

}  // namespace kvscope::model
