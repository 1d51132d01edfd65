// SPDX-License-Identifier: Apache-2.0
#include "engine/model/arch/llama.h"

#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "engine/model/rope_scaling.h"

namespace kvscope::model {
namespace {

/// Builds one program; each step appends operations and hands on the first error.
class Llama {
  public:
    Llama(const gguf::File& file, TensorTable& tensors, Program& program)
        : m_file(&file), m_tensors(&tensors), m_program(&program), m_h(&program.hparams) {}

    Result<void> build() {
        if (auto done = checkSupported(); !done) return done;
        if (auto done = makeRope(); !done) return done;
        if (auto done = embed(); !done) return done;
        for (std::uint32_t layer = 0; layer < m_h->nLayers; ++layer) {
            if (auto done = attention(layer); !done) return done;
            if (auto done = feedForward(layer); !done) return done;
        }
        return head();
    }

  private:
    [[nodiscard]] std::string where(std::string_view key) const {
        return fmt::format("{}: {}.{}", m_file->path().string(), m_h->architecture, key);
    }

    Result<void> checkSupported() {
        auto experts = m_file->readUint(m_h->architecture + ".expert_count");
        if (!experts) return forward(experts);
        if (experts->value_or(0) != 0 || m_tensors->has("blk.0.ffn_gate_inp.weight")) {
            return fail(ErrorKind::Unsupported, where("expert_count"),
                        "a mixture of experts ({} experts) is not supported in this architecture yet",
                        experts->value_or(0));
        }
        if (m_h->rmsEps <= 0) {
            return fail(ErrorKind::BadFile, where("attention.layer_norm_rms_epsilon"), "the key is missing");
        }
        for (const std::uint32_t width : m_h->nFf) {
            if (width == 0) return fail(ErrorKind::BadFile, where("feed_forward_length"), "the key is missing");
        }
        auto window = m_file->readUint(m_h->architecture + ".attention.sliding_window");
        if (!window) return forward(window);
        if (window->value_or(0) != 0) {
            m_program->warnings.push_back(
                fmt::format("{}.attention.sliding_window = {} is ignored: this architecture attends to all positions",
                            m_h->architecture, **window));
        }
        return {};
    }

    Result<void> makeRope() {
        auto scaling = readRopeScaling(*m_file, *m_h);
        if (!scaling) return forward(scaling);
        std::string name = "rope_freqs.weight";
        if (scaling->type == RopeScalingType::LongRope) {
            const bool beyond = m_h->nCtxTrained > scaling->originalContext;
            name = beyond ? "rope_factors_long.weight" : "rope_factors_short.weight";
            if (!m_tensors->has(name)) {
                return fail(ErrorKind::BadFile, m_file->path().string() + ": tensor " + name,
                            "the tensor is missing; {}.rope.scaling.type is longrope", m_h->architecture);
            }
        }
        auto factors = m_tensors->positiveValues(name, m_h->ropeDims / 2);
        if (!factors) return forward(factors);
        m_rope = ropeTable(*scaling, m_h->ropeDims, static_cast<double>(m_h->ropeBase), *factors);
        return {};
    }

    Result<void> embed() {
        auto table = m_tensors->require("token_embd.weight", {m_h->nEmbd, m_h->nVocab});
        if (!table) return forward(table);
        m_embedding = *table;
        add(EmbedOp{.table = *table, .scale = 1});
        return {};
    }

    Result<void> norm(const std::string& name) {
        auto gain = m_tensors->require(name, {m_h->nEmbd});
        if (!gain) return forward(gain);
        add(NormOp{.in = Slot::Hidden, .out = Slot::Normed, .gain = *gain, .eps = m_h->rmsEps});
        return {};
    }

    /// "blk.LAYER.NAME.weight" with its optional bias.
    Result<ProductPart> part(std::uint32_t layer, std::string_view name, Slot out,
                             std::pair<std::uint64_t, std::uint64_t> shape) {
        const std::string stem = fmt::format("blk.{}.{}", layer, name);
        auto weight = m_tensors->require(stem + ".weight", {shape.first, shape.second});
        if (!weight) return forward(weight);
        auto bias = m_tensors->optional(stem + ".bias", {shape.second});
        if (!bias) return forward(bias);
        return ProductPart{.weight = *weight, .bias = *bias, .out = out};
    }

    Result<ProductOp> queryKeyValue(std::uint32_t layer) {
        const std::uint32_t widths[] = {m_h->nHeads[layer] * m_h->headDimK, m_h->nKvHeads[layer] * m_h->headDimK,
                                        m_h->nKvHeads[layer] * m_h->headDimV};
        constexpr Slot kSlots[] = {Slot::Query, Slot::Key, Slot::Value};
        constexpr std::string_view kNames[] = {"attn_q", "attn_k", "attn_v"};
        ProductOp product{.in = Slot::Normed};
        if (m_tensors->has(fmt::format("blk.{}.attn_qkv.weight", layer))) {
            auto fused =
                part(layer, "attn_qkv", Slot::Query, {m_h->nEmbd, std::uint64_t{widths[0]} + widths[1] + widths[2]});
            if (!fused) return forward(fused);
            for (std::size_t i = 0; i < 3; ++i) {
                fused->out = kSlots[i];
                fused->rowCount = widths[i];
                product.parts.push_back(*fused);
                fused->rowBegin += widths[i];
            }
            return product;
        }
        for (std::size_t i = 0; i < 3; ++i) {
            auto one = part(layer, kNames[i], kSlots[i], {m_h->nEmbd, widths[i]});
            if (!one) return forward(one);
            product.parts.push_back(*one);
        }
        return product;
    }

    Result<void> attention(std::uint32_t layer) {
        if (auto done = norm(fmt::format("blk.{}.attn_norm.weight", layer)); !done) return done;
        auto product = queryKeyValue(layer);
        if (!product) return forward(product);
        add(std::move(*product));
        add(RopeOp{.layer = layer,
                   .pairing = RopePairing::Adjacent,
                   .frequencies = m_rope.frequencies,
                   .magnitude = static_cast<float>(m_rope.magnitude)});
        const double scale = 1 / std::sqrt(static_cast<double>(m_h->headDimK));
        add(AttendOp{.layer = layer, .source = layer, .scale = static_cast<float>(scale)});
        const std::uint64_t width = std::uint64_t{m_h->nHeads[layer]} * m_h->headDimV;
        auto output = part(layer, "attn_output", Slot::Hidden, {width, m_h->nEmbd});
        if (!output) return forward(output);
        add(ProductOp{.in = Slot::Attention, .parts = {*output}, .addTo = true});
        return {};
    }

    Result<void> feedForward(std::uint32_t layer) {
        if (auto done = norm(fmt::format("blk.{}.ffn_norm.weight", layer)); !done) return done;
        const std::uint64_t width = m_h->nFf[layer];
        auto gate = m_tensors->require(fmt::format("blk.{}.ffn_gate.weight", layer), {m_h->nEmbd, width});
        if (!gate) return forward(gate);
        auto up = m_tensors->require(fmt::format("blk.{}.ffn_up.weight", layer), {m_h->nEmbd, width});
        if (!up) return forward(up);
        add(GatedOp{.in = Slot::Normed, .gate = *gate, .up = *up});
        auto down = part(layer, "ffn_down", Slot::Hidden, {width, m_h->nEmbd});
        if (!down) return forward(down);
        add(ProductOp{.in = Slot::FeedForward, .parts = {*down}, .addTo = true});
        return {};
    }

    Result<void> head() {
        if (auto done = norm("output_norm.weight"); !done) return done;
        auto output = m_tensors->optional("output.weight", {m_h->nEmbd, m_h->nVocab});
        if (!output) return forward(output);
        const TensorRef weight = output->present() ? *output : m_embedding;
        add(ProductOp{.in = Slot::Normed,
                      .parts = {ProductPart{.weight = weight, .bias = {}, .out = Slot::Logits}},
                      .addTo = false,
                      .lastColumnsOnly = true});
        return {};
    }

    void add(Operation operation) { m_program->operations.push_back(std::move(operation)); }

    const gguf::File* m_file;
    TensorTable* m_tensors;
    Program* m_program;
    const Hparams* m_h;
    RopeTable m_rope;
    TensorRef m_embedding;
};

}  // namespace

Result<void> buildLlama(const gguf::File& file, TensorTable& tensors, Program& program) {
    return Llama(file, tensors, program).build();
}

}  // namespace kvscope::model
