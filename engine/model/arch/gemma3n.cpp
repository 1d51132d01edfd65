// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/gemma3n.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/arch/altup.h"
#include "engine/model/arch/blocks.h"
#include "engine/model/arch/layer_inputs.h"
#include "engine/model/arch/windows.h"

namespace kvscope::model {
namespace {

// what files without the keys have (architectures.md 9)
constexpr std::uint32_t kOwnLayers = 20;
constexpr std::uint32_t kLayerInputWidth = 256;
constexpr std::uint32_t kSparseLayers = 10;
constexpr float kSparsity = 1.6448533535F;

/// Multipliers of the sparse gates, one a layer: -inf where the gate is dense.
std::vector<float> readSparsity(Blocks& b) {
    constexpr std::string_view kScale = "activation_sparsity_scale";
    const std::uint32_t layers = b.h().nLayers;
    auto values = b.take(b.keys().file().readFloatArray(b.keys().key(kScale)));
    if (!values) {
        std::vector<float> usual(layers, -std::numeric_limits<float>::infinity());
        for (std::uint32_t layer = 0; layer < layers && layer < kSparseLayers; ++layer) usual[layer] = kSparsity;
        return usual;
    }
    if (values->size() < layers) {
        b.failWith({ErrorKind::BadFile, b.keys().where(kScale),
                    fmt::format("the array has {} entries but the model has {} layers", values->size(), layers)});
    }
    return std::move(*values);
}

struct Gemma3n {
    Gemma3n(const gguf::File& source, TensorTable& tensors, Program& program)
        : b(source, tensors, program), file(source), altUp(b) {}

    Result<void> build() {
        const Hparams& h = b.h();
        full = b.rope(h.ropeDims, static_cast<double>(h.ropeBase));
        const float base = b.take(b.keys().positiveFloat("rope.freq_base_swa")).value_or(10000.0F);
        windowed = Blocks::plainRope(h.ropeDims, static_cast<double>(base));
        sparsity = readSparsity(b);
        const float cap = b.take(b.keys().nonNegativeFloat("final_logit_softcapping", 30));
        addLaurel();
        if (b.failed()) return b.done();
        b.embed(std::sqrt(static_cast<float>(h.nEmbd)));
        inputs = makeLayerInputs(b, kLayerInputWidth);
        altUp.begin();
        for (std::uint32_t layer = 0; layer < h.nLayers && !b.failed(); ++layer) {
            altUp.predict(layer);
            attention(layer);
            feedForward(layer);
            altUp.correct(layer);
            addLayerInput(layer);
        }
        altUp.end();
        b.head(cap);
        return b.done();
    }

    [[nodiscard]] View hidden() const { return b.whole(Slot::Hidden); }
    [[nodiscard]] View normed() const { return b.whole(Slot::Normed); }

    /// The rank of the side branch is told by its tensors alone.
    void addLaurel() {
        const std::string name = Blocks::stem(0, "laurel_l.weight");
        const gguf::TensorInfo* tensor = file.findTensor(name);
        const std::uint64_t rank = tensor == nullptr ? 0 : tensor->rows();
        if (rank == 0 || rank > kLargestDimension) {
            b.failWith({ErrorKind::BadFile, fmt::format("{}: tensor {}", file.path().string(), name),
                        rank == 0 ? "the tensor is missing" : fmt::format("it has {} rows", rank)});
            return;
        }
        low = b.whole(b.program().addSlot(static_cast<std::uint32_t>(rank)));
        side = b.whole(b.program().addSlot(b.h().nEmbd));
    }

    /// side = Normed + norm of laurel_r laurel_l Normed
    void laurel(std::uint32_t layer) {
        b.product(normed(), b.part(Blocks::stem(layer, "laurel_l"), low, normed().width));
        b.product(low, b.part(Blocks::stem(layer, "laurel_r"), side, low.width));
        b.norm(side, side, Blocks::stem(layer, "laurel_post_norm"));
        b.add(MapOp{.kind = MapKind::Add, .a = side, .b = normed(), .out = side});
    }

    /// Hidden = (x + norm of the attention's output + side) / sqrt(2), x being the predicted stream.
    void attention(std::uint32_t layer) {
        const std::uint32_t width = b.h().valueDims[layer];
        b.norm(altUp.predicted(), normed(), Blocks::stem(layer, "attn_norm"));
        laurel(layer);
        b.queryKeyValue(layer);
        b.headNorms(layer);
        if (b.ownsRows(layer)) {
            b.add(NormOp{.in = b.value(layer), .out = b.value(layer), .eps = b.h().rmsEps, .groupWidth = width});
        }
        b.attend(layer, {.rope = b.h().windows[layer] != 0 ? &windowed : &full, .scale = 1});
        b.attentionOutput(layer, Slot::Normed, false);
        b.norm(normed(), normed(), Blocks::stem(layer, "post_attention_norm"));
        b.add(MapOp{.kind = MapKind::Add, .a = altUp.predicted(), .b = normed(), .out = hidden()});
        b.add(MapOp{.kind = MapKind::Add,
                    .a = hidden(),
                    .b = side,
                    .out = hidden(),
                    .constant = static_cast<float>(1 / std::numbers::sqrt2)});
    }

    void feedForward(std::uint32_t layer) {
        b.preNorm(layer, "ffn_norm");
        if (std::isfinite(sparsity[layer])) {
            sparseFeedForward(layer);
        } else {
            b.feedForward(layer, Activation::GeluTanh, Slot::Normed, false);
        }
        b.addNormed(layer, "post_ffw_norm");
    }

    /// Keeps the gates that stand out before the activation.
    void sparseFeedForward(std::uint32_t layer) {
        const std::uint32_t width = b.h().nFf[layer];
        if (width < 2) {
            b.failWith({ErrorKind::BadFile, b.keys().where("feed_forward_length"),
                        fmt::format("the value is {}; a sparse layer needs at least 2", width)});
            return;
        }
        if (!up) up = b.program().addSlot(b.program().width(Slot::FeedForward));
        const View gates{Slot::FeedForward, 0, width};
        const View second{*up, 0, width};
        b.add(ProductOp{.in = normed(),
                        .parts = {b.part(Blocks::stem(layer, "ffn_gate"), gates, normed().width),
                                  b.part(Blocks::stem(layer, "ffn_up"), second, normed().width)}});
        b.add(SparseOp{.values = gates, .multiplier = sparsity[layer]});
        b.add(MapOp{.kind = MapKind::GeluMultiply, .a = gates, .b = second, .out = gates});
        b.product(gates, b.part(Blocks::stem(layer, "ffn_down"), normed(), width));
    }

    /// All streams but the first get the layer's input, gated by the corrected active stream.
    void addLayerInput(std::uint32_t layer) {
        if (inputs.width == 0) return;
        b.add(MapOp{.kind = MapKind::Gain,
                    .a = altUp.corrected(),
                    .out = hidden(),
                    .gain = b.require(Blocks::stem(layer, "altup_correct_scale.weight"), {b.h().nEmbd})});
        layerInput(b, layer, inputs, hidden());
        altUp.addToOthers();
    }

    Blocks b;
    const gguf::File& file;
    AltUp altUp;
    RopeTable full;
    RopeTable windowed;
    LayerInputs inputs;
    std::vector<float> sparsity;
    View low;   ///< rank of Laurel
    View side;  ///< nEmbd
    std::optional<Slot> up;
};

}  // namespace

Result<void> readGemma3nKeys(const gguf::File& file, Hparams& h) {
    const KeyReader keys(file, h.architecture);
    if (auto done = readWindows(keys, {.window = 512, .period = 5}, h); !done) return done;
    return readSharedLayers(keys, h.nLayers > kOwnLayers ? h.nLayers - kOwnLayers : 0, h);
}

Result<void> buildGemma3n(const gguf::File& file, TensorTable& tensors, Program& program) {
    return Gemma3n(file, tensors, program).build();
}

}  // namespace kvscope::model
