// SPDX-License-Identifier: Apache-2.0
// Mixtures of experts (architectures.md 1.8).
#include <algorithm>

#include "engine/model/arch/blocks.h"

namespace kvscope::model {
namespace {

/// Experts of a layer: ids travel as f32, which holds them exactly.
constexpr std::uint64_t kLargestExpertCount = 1U << 16U;

}  // namespace

ExpertSpec Blocks::readExperts(bool normaliseByDefault) {
    ExpertSpec spec;
    spec.experts = take(m_keys.required("expert_count", kLargestExpertCount));
    spec.used = take(m_keys.required("expert_used_count", spec.experts));
    const std::uint32_t dense = std::ranges::max(h().nFf);
    spec.nFf = take(m_keys.optional("expert_feed_forward_length", kLargestDimension)).value_or(dense);
    if (spec.nFf == 0) {
        failWith({ErrorKind::BadFile, m_keys.where("expert_feed_forward_length"),
                  "neither this key nor feed_forward_length is there"});
    }
    const std::uint32_t gating = take(m_keys.count("expert_gating_func", 4));
    spec.gating = static_cast<Gating>(gating == 0 ? 1 : gating);
    spec.normalise = take(m_keys.flag("expert_weights_norm", normaliseByDefault));
    spec.scale = take(m_keys.nonNegativeFloat("expert_weights_scale", 0));
    if (spec.scale == 0) spec.scale = 1;
    spec.groups = std::max(1U, take(m_keys.count("expert_group_count", std::max(1U, spec.experts))));
    spec.groupsUsed = std::max(1U, take(m_keys.count("expert_group_used_count", spec.groups, spec.groups)));
    if (!failed() && (spec.experts % spec.groups != 0 || spec.experts / spec.groups * spec.groupsUsed < spec.used)) {
        failWith({ErrorKind::BadFile, m_keys.where("expert_group_count"),
                  fmt::format("{} groups, of which {} are used, do not offer {} of {} experts", spec.groups,
                              spec.groupsUsed, spec.used, spec.experts)});
    }
    if (std::uint64_t{spec.used} * spec.nFf > kLargestDimension) {
        failWith({ErrorKind::BadFile, m_keys.where("expert_used_count"),
                  fmt::format("{} experts of width {} make a row of more than {} values", spec.used, spec.nFf,
                              kLargestDimension)});
    }
    if (failed()) return {};
    spec.logits = m_program->addSlot(spec.experts);
    spec.route = m_program->addSlot(2 * spec.used);
    spec.hidden = m_program->addSlot(spec.used * spec.nFf);
    return spec;
}

void Blocks::route(std::uint32_t layer, const ExpertSpec& spec, View in, TensorRef table) {
    if (failed()) return;  // the slots may be missing
    ProductPart gate = part(stem(layer, "ffn_gate_inp"), whole(spec.logits), in.width);
    gate.scale *= spec.logitScale;
    product(in, gate);
    const bool biased = !table.present();
    add(RouteOp{.in = whole(spec.logits),
                .out = whole(spec.route),
                .used = spec.used,
                .gating = spec.gating,
                .bias = biased ? optional(stem(layer, "exp_probs_b.bias"), {spec.experts}) : TensorRef{},
                .table = table,
                .gain = optional(stem(layer, "ffn_down_exps.scale"), {spec.experts}),
                .groups = spec.groups,
                .groupsUsed = spec.groupsUsed,
                .normalise = spec.normalise,
                .scale = spec.scale});
}

void Blocks::experts(std::uint32_t layer, const ExpertSpec& spec, View in, View out, bool addTo) {
    if (failed()) return;
    const std::uint64_t width = in.width;
    ExpertGatedOp gated{.in = in,
                        .route = whole(spec.route),
                        .out = whole(spec.hidden),
                        .experts = spec.experts,
                        .used = spec.used,
                        .activation = spec.activation,
                        .clamp = spec.clamp};
    const std::string fused = stem(layer, "ffn_gate_up_exps.weight");
    if (has(fused)) {
        gated.gate = require(fused, {width, 2ULL * spec.nFf, spec.experts});
    } else {
        gated.gate = require(stem(layer, "ffn_gate_exps.weight"), {width, spec.nFf, spec.experts});
        gated.up = require(stem(layer, "ffn_up_exps.weight"), {width, spec.nFf, spec.experts});
    }
    add(gated);
    add(ExpertDownOp{.in = whole(spec.hidden),
                     .route = whole(spec.route),
                     .out = out,
                     .down = require(stem(layer, "ffn_down_exps.weight"), {spec.nFf, out.width, spec.experts}),
                     .experts = spec.experts,
                     .used = spec.used,
                     .addTo = addTo});
}

void Blocks::readSharedExperts(ExpertSpec& spec) {
    if (failed()) return;
    const std::uint32_t count = take(m_keys.count("expert_shared_count", kLargestDimension / spec.nFf));
    if (failed() || count == 0) return;
    spec.sharedFf = count * spec.nFf;
    spec.shared = m_program->addSlot(spec.sharedFf);
}

void Blocks::sharedExperts(std::uint32_t layer, const ExpertSpec& spec, View in, View out) {
    if (failed() || spec.sharedFf == 0) return;
    const View hidden = whole(spec.shared);
    const ProductPart gate = part(stem(layer, "ffn_gate_shexp"), hidden, in.width);
    gated(in, hidden, gate, part(stem(layer, "ffn_up_shexp"), hidden, in.width), spec.activation);
    if (spec.sharedClamp > 0 && !failed()) {
        if (auto* one = std::get_if<GatedOp>(&m_program->operations.back()); one != nullptr) {
            one->clamp = spec.sharedClamp;
        } else {
            failWith({ErrorKind::Unsupported,
                      fmt::format("{}: tensor {}.weight", m_file->path().string(), stem(layer, "ffn_up_shexp")),
                      "its type differs from ffn_gate_shexp's, or one of them has a bias or a scale; with a clamp "
                      "(swiglu_clamp_exp) this is not supported"});
        }
    }
    product(hidden, part(stem(layer, "ffn_down_shexp"), out, spec.sharedFf), true);
}

}  // namespace kvscope::model
