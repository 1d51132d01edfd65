// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/blocks.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace kvscope::model {

Blocks::Blocks(const gguf::File& file, TensorTable& tensors, Program& program)
    : m_file(&file), m_tensors(&tensors), m_program(&program), m_keys(file, program.hparams.architecture) {
    if (h().rmsEps > 0) return;
    failWith({ErrorKind::BadFile, m_keys.where("attention.layer_norm_rms_epsilon"), "the key is missing"});
}

Result<void> Blocks::done() const {
    if (m_error) return std::unexpected(*m_error);
    return {};
}

void Blocks::failWith(Error error) {
    if (!m_error) m_error = std::move(error);
}

void Blocks::ignoreWindow() {
    const std::uint32_t window = take(m_keys.count("attention.sliding_window", kLargestCount));
    if (window == 0) return;
    warn(fmt::format("{} = {} is ignored: this architecture attends to all positions",
                     m_keys.key("attention.sliding_window"), window));
}

TensorRef Blocks::require(std::string_view name, TensorTable::Dims dims) {
    return failed() ? TensorRef{} : take(m_tensors->require(name, dims));
}

TensorRef Blocks::optional(std::string_view name, TensorTable::Dims dims) {
    return failed() ? TensorRef{} : take(m_tensors->optional(name, dims));
}

std::string Blocks::stem(std::uint32_t layer, std::string_view name) {
    return fmt::format("blk.{}.{}", layer, name);
}

ProductPart Blocks::part(const std::string& stem, View out, std::uint64_t width) {
    ProductPart result{.out = out, .rowCount = out.width};
    result.weight = require(stem + ".weight", {width, out.width});
    result.bias = optional(stem + ".bias", {out.width});
    result.scale = failed() ? 1 : take(m_tensors->scaleOf(stem));
    return result;
}

View Blocks::qkvView(std::uint32_t layer, std::uint32_t part) const {
    const std::uint32_t keyDim = h().keyDims[layer];
    const std::uint32_t widths[] = {h().nHeads[layer] * keyDim, h().nKvHeads[layer] * keyDim,
                                    h().nKvHeads[layer] * h().valueDims[layer]};
    View view{Slot::Qkv, 0, widths[part]};
    for (std::uint32_t before = 0; before < part; ++before) view.offset += widths[before];
    return view;
}

View Blocks::query(std::uint32_t layer) const {
    return qkvView(layer, 0);
}

View Blocks::key(std::uint32_t layer) const {
    return qkvView(layer, 1);
}

View Blocks::value(std::uint32_t layer) const {
    return qkvView(layer, 2);
}

View Blocks::attention(std::uint32_t layer) const {
    return {Slot::Attention, 0, h().nHeads[layer] * h().valueDims[layer]};
}

void Blocks::add(Operation operation) {
    if (!failed()) m_program->operations.push_back(std::move(operation));
}

void Blocks::embed(float scale) {
    m_embedding = require("token_embd.weight", {h().nEmbd, h().nVocab});
    const float own = failed() ? 1 : take(m_tensors->scaleOf("token_embd"));
    add(EmbedOp{.table = m_embedding, .out = whole(Slot::Hidden), .scale = scale * own});
}

void Blocks::norm(View in, View out, const std::string& stem, std::uint32_t groupWidth) {
    const std::uint64_t width = groupWidth == 0 ? in.width : groupWidth;
    add(NormOp{
        .in = in, .out = out, .gain = require(stem + ".weight", {width}), .eps = h().rmsEps, .groupWidth = groupWidth});
}

void Blocks::preNorm(std::uint32_t layer, std::string_view name) {
    norm(whole(Slot::Hidden), whole(Slot::Normed), stem(layer, name));
}

void Blocks::addNormed(std::uint32_t layer, std::string_view name) {
    norm(whole(Slot::Normed), whole(Slot::Normed), stem(layer, name));
    add(MapOp{.kind = MapKind::Add, .a = whole(Slot::Hidden), .b = whole(Slot::Normed), .out = whole(Slot::Hidden)});
}

void Blocks::product(View in, ProductPart part, bool addTo) {
    add(ProductOp{.in = in, .parts = {std::move(part)}, .addTo = addTo});
}

void Blocks::queryKeyValue(std::uint32_t layer) {
    ProductOp product{.in = whole(Slot::Normed)};
    const std::string fusedStem = stem(layer, "attn_qkv");
    const std::size_t count = ownsRows(layer) ? 3 : 1;
    if (has(fusedStem + ".weight")) {
        const std::uint32_t rows = value(layer).offset + value(layer).width;
        ProductPart fused = part(fusedStem, View{Slot::Qkv, 0, rows}, h().nEmbd);
        for (std::uint32_t i = 0; i < count; ++i) {
            fused.out = qkvView(layer, i);
            fused.rowBegin = fused.out.offset;
            fused.rowCount = fused.out.width;
            product.parts.push_back(fused);
        }
    } else {
        constexpr std::string_view kNames[] = {"attn_q", "attn_k", "attn_v"};
        for (std::uint32_t i = 0; i < count; ++i) {
            product.parts.push_back(part(stem(layer, kNames[i]), qkvView(layer, i), h().nEmbd));
        }
    }
    add(std::move(product));
}

void Blocks::headNorms(std::uint32_t layer) {
    norm(query(layer), query(layer), stem(layer, "attn_q_norm"), h().keyDims[layer]);
    if (ownsRows(layer)) norm(key(layer), key(layer), stem(layer, "attn_k_norm"), h().keyDims[layer]);
}

void Blocks::attend(std::uint32_t layer, const AttentionSpec& spec) {
    const std::uint32_t keyDim = h().keyDims[layer];
    RopeOp rope{.heads = query(layer),
                .headDim = keyDim,
                .pairing = spec.pairing,
                .frequencies = spec.rope->frequencies,
                .magnitude = static_cast<float>(spec.rope->magnitude)};
    add(rope);
    const std::uint32_t stream = m_program->streamOf(h().sourceLayers[layer], RowRole::Attention);
    if (ownsRows(layer)) {
        rope.heads = key(layer);
        add(std::move(rope));
        add(AppendOp{.stream = stream, .key = key(layer), .value = value(layer)});
    }
    const double scale = spec.scale != 0 ? spec.scale : 1 / std::sqrt(static_cast<double>(keyDim));
    add(AttendOp{.layer = layer,
                 .heads = h().nHeads[layer],
                 .query = query(layer),
                 .out = attention(layer),
                 .reads = {StreamRead{.stream = stream, .window = h().windows[layer]}},
                 .scale = static_cast<float>(scale),
                 .softcap = spec.softcap});
}

void Blocks::attentionOutput(std::uint32_t layer, Slot out, bool addTo) {
    product(attention(layer), part(stem(layer, "attn_output"), whole(out), attention(layer).width), addTo);
}

bool Blocks::sameType(TensorRef a, TensorRef b) const {
    const auto type = [&](TensorRef ref) { return m_file->tensors()[static_cast<std::size_t>(ref.index)].type; };
    return a.present() && b.present() && type(a) == type(b);
}

void Blocks::gated(View in, View out, ProductPart gate, ProductPart up, Activation activation) {
    if (failed()) return;
    const bool plain = gate.scale == 1 && up.scale == 1 && !gate.bias.present() && !up.bias.present();
    if (plain && sameType(gate.weight, up.weight)) {
        add(GatedOp{.in = in,
                    .out = out,
                    .gate = gate.weight,
                    .up = up.weight,
                    .gateBegin = gate.rowBegin,
                    .upBegin = up.rowBegin,
                    .activation = activation});
        return;
    }
    const std::uint32_t widest = std::max(out.width, std::ranges::max(h().nFf));
    if (!m_up) m_up = m_program->addSlot(widest);
    std::uint32_t& slotWidth = m_program->slotWidths.at(static_cast<std::size_t>(*m_up));
    slotWidth = std::max(slotWidth, widest);
    const View second{*m_up, 0, out.width};
    gate.out = out;
    up.out = second;
    add(ProductOp{.in = in, .parts = {gate, up}});
    const MapKind kind = activation == Activation::Silu ? MapKind::SiluMultiply : MapKind::GeluMultiply;
    add(MapOp{.kind = kind, .a = out, .b = second, .out = out});
}

void Blocks::feedForward(std::uint32_t layer, Activation activation, Slot out, bool addTo) {
    const std::uint32_t width = h().nFf[layer];
    if (width == 0) failWith({ErrorKind::BadFile, m_keys.where("feed_forward_length"), "the key is missing"});
    const View hidden{Slot::FeedForward, 0, width};
    ProductPart up = part(stem(layer, "ffn_up"), hidden, h().nEmbd);
    gated(whole(Slot::Normed), hidden, part(stem(layer, "ffn_gate"), hidden, h().nEmbd), up, activation);
    product(hidden, part(stem(layer, "ffn_down"), whole(out), width), addTo);
}

void Blocks::head(float softcap) {
    norm(whole(Slot::Hidden), whole(Slot::Normed), "output_norm");
    ProductPart logits{.weight = m_embedding, .out = whole(Slot::Logits), .rowCount = h().nVocab};
    if (has("output.weight")) {
        logits = part("output", whole(Slot::Logits), h().nEmbd);
    } else if (!failed()) {
        logits.scale = take(m_tensors->scaleOf("token_embd"));
    }
    add(ProductOp{.in = whole(Slot::Normed), .parts = {logits}, .lastColumnsOnly = true});
    if (softcap <= 0) return;
    add(MapOp{.kind = MapKind::Softcap,
              .a = whole(Slot::Logits),
              .out = whole(Slot::Logits),
              .constant = softcap,
              .lastColumnsOnly = true});
}

std::string Blocks::ropeFactors(const RopeScaling& scaling) {
    // the tables count, whatever rope.scaling.type says: published phi3 files have no such key
    if (has("rope_freqs.weight")) return "rope_freqs.weight";
    const bool beyond = h().nCtxTrained > scaling.originalContext;
    std::string name = beyond ? "rope_factors_long.weight" : "rope_factors_short.weight";
    if (!has(name) && scaling.type == RopeScalingType::LongRope) {
        failWith({ErrorKind::BadFile, fmt::format("{}: tensor {}", m_file->path().string(), name),
                  fmt::format("the tensor is missing; {} is longrope", m_keys.key("rope.scaling.type"))});
    }
    return name;
}

RopeTable Blocks::rope(std::uint32_t dims, double base) {
    if (failed()) return {};
    const RopeScaling scaling = take(readRopeScaling(*m_file, h()));
    const std::vector<float> factors = take(m_tensors->positiveValues(ropeFactors(scaling), dims / 2));
    return failed() ? RopeTable{} : ropeTable(scaling, dims, base, factors);
}

RopeTable Blocks::plainRope(std::uint32_t dims, double base) {
    return ropeTable(RopeScaling{}, dims, base, {});
}

}  // namespace kvscope::model
