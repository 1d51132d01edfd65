// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/laguna.h"

#include <algorithm>

#include "engine/model/arch/blocks.h"
#include "engine/model/arch/windows.h"

namespace kvscope::model {
namespace {

constexpr std::string_view kPattern = "attention.sliding_window_pattern";
constexpr std::uint32_t kPeriod = 4;  ///< of full layers, when the file does not tell

struct Laguna {
    Laguna(const gguf::File& source, TensorTable& tensors, Program& program)
        : b(source, tensors, program), file(source) {}

    Result<void> build() {
        readRotations();
        const std::uint32_t dense = b.take(b.keys().count("leading_dense_block_count", kLargestCount));
        if (dense < b.h().nLayers) readMixture();
        addGateSlots();
        b.embed();
        for (std::uint32_t layer = 0; layer < b.h().nLayers && !b.failed(); ++layer) {
            attention(layer);
            b.preNorm(layer, "ffn_norm");
            if (layer < dense) {
                b.feedForward(layer, Activation::Silu, Slot::Hidden, true);
                continue;
            }
            b.route(layer, mixture, b.whole(Slot::Normed));
            b.experts(layer, mixture, b.whole(Slot::Normed), b.whole(Slot::Hidden), true);
            b.sharedExperts(layer, mixture, b.whole(Slot::Normed), b.whole(Slot::Hidden));
        }
        b.head();
        return b.done();
    }

    void readRotations() {
        const Hparams& h = b.h();
        full = b.rope(h.ropeDims, static_cast<double>(h.ropeBase));
        constexpr std::string_view kDims = "rope.dimension_count_swa";
        const std::uint32_t dims = b.take(b.keys().optional(kDims, h.headDimK)).value_or(h.ropeDims);
        if (dims % 2 != 0) {
            b.failWith({ErrorKind::BadFile, b.keys().where(kDims),
                        fmt::format("the value is {}; rotated dimensions come in pairs, so it must be even", dims)});
        }
        const float base = b.take(b.keys().positiveFloat("rope.freq_base_swa")).value_or(h.ropeBase);
        windowed = Blocks::plainRope(dims, static_cast<double>(base));
    }

    /// Scores are sigmoids unless the file says otherwise; the shared expert has a width of its own.
    void readMixture() {
        mixture = b.readExperts(false);
        if (b.take(b.keys().count("expert_gating_func", 4)) == 0) mixture.gating = Gating::Sigmoid;
        if (b.failed()) return;
        const std::uint32_t count = b.take(b.keys().count("expert_shared_count", kLargestDimension / mixture.nFf, 1));
        const auto width = b.take(b.keys().optional("expert_shared_feed_forward_length", kLargestDimension));
        mixture.sharedFf = width.value_or(count * mixture.nFf);
        if (mixture.sharedFf != 0) mixture.shared = b.program().addSlot(mixture.sharedFf);
    }

    /// One value a head, or one an element of what the heads give: the rows of attn_gate tell.
    [[nodiscard]] std::uint32_t gateWidth(std::uint32_t layer) {
        const std::uint32_t heads = b.h().nHeads[layer];
        const std::string name = Blocks::stem(layer, "attn_gate.weight");
        const gguf::TensorInfo* tensor = file.findTensor(name);
        const std::uint32_t elements = b.attention(layer).width;
        if (tensor == nullptr || tensor->rows() == heads) return heads;  // what is missing is named later
        if (tensor->rows() == elements) return elements;
        b.failWith({ErrorKind::BadFile, fmt::format("{}: tensor {}", file.path().string(), name),
                    fmt::format("it has {} rows; layer {} has {} heads of {} values, so there must be {} (a gate for "
                                "each head) or {} (for each element)",
                                tensor->rows(), layer, heads, b.h().valueDims[layer], heads, elements)});
        return 0;
    }

    void addGateSlots() {
        std::uint32_t widest = 1;
        for (std::uint32_t layer = 0; layer < b.h().nLayers; ++layer) {
            widest = std::max(widest, gateWidth(layer));
        }
        if (b.failed()) return;
        gate = b.program().addSlot(widest);
        opened = b.program().addSlot(b.program().width(Slot::Attention));
    }

    void attention(std::uint32_t layer) {
        b.preNorm(layer, "attn_norm");
        b.queryKeyValue(layer);
        b.headNorms(layer);
        b.attend(layer, {.rope = b.h().windows[layer] != 0 ? &windowed : &full});
        const View heads = b.attention(layer);
        const View in{gate, 0, gateWidth(layer)};
        const View factors{opened, 0, heads.width};
        b.product(b.whole(Slot::Normed), b.part(Blocks::stem(layer, "attn_gate"), in, b.h().nEmbd));
        b.add(MapOp{.kind = MapKind::Softplus,
                    .a = in,
                    .out = factors,
                    .constant = static_cast<float>(heads.width / std::max(1U, in.width))});
        b.add(MapOp{.kind = MapKind::Multiply, .a = factors, .b = heads, .out = heads});
        b.attentionOutput(layer, Slot::Hidden, true);
    }

    Blocks b;
    const gguf::File& file;
    RopeTable full;
    RopeTable windowed;
    ExpertSpec mixture;
    Slot gate = Slot::Free;    ///< products of attn_gate
    Slot opened = Slot::Free;  ///< softplus of them, one an element
};

}  // namespace

Result<void> readLagunaKeys(const gguf::File& file, Hparams& h) {
    const KeyReader keys(file, h.architecture);
    if (h.headDimK != h.headDimV) {
        return fail(ErrorKind::BadFile, keys.where("attention.value_length"),
                    "the value is {} and the keys of a head have {} values; both must be the same", h.headDimV,
                    h.headDimK);
    }
    const gguf::KeyValue* pattern = file.find(keys.key(kPattern));
    if (pattern != nullptr && pattern->type == gguf::ValueType::Array) return readWindows(keys, {}, h);
    auto window = keys.count("attention.sliding_window", kLargestCount);
    if (!window) return forward(window);
    auto period = keys.count(kPattern, kLargestCount, kPeriod);
    if (!period) return forward(period);
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        const bool isFull = *period != 0 && layer % *period == 0;
        h.windows.push_back(isFull ? 0 : *window);
    }
    return {};
}

Result<void> buildLaguna(const gguf::File& file, TensorTable& tensors, Program& program) {
    return Laguna(file, tensors, program).build();
}

}  // namespace kvscope::model
