// SPDX-License-Identifier: Apache-2.0
#include "engine/planner/weights_read.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "engine/base/checked.h"

namespace kvscope::planner {
namespace {

/// Experts of a layer and how many of them a token uses.
struct Experts {
    std::uint64_t count = 0;
    std::uint64_t used = 0;
};

/// The layer of "blk.N.…", or nothing.
std::optional<std::uint32_t> layerOf(std::string_view name) {
    constexpr std::string_view kPrefix = "blk.";
    if (!name.starts_with(kPrefix)) return std::nullopt;
    std::uint32_t layer = 0;
    const char* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + kPrefix.size(), end, layer);
    return error == std::errc{} && rest != end && *rest == '.' ? std::optional(layer) : std::nullopt;
}

/// A tensor that the forward pass of the model's layers does not touch: of a block for predicting further tokens, or
/// keys and values of a layer that reads another's.
bool isUnused(std::string_view name, const model::Hparams& h) {
    const auto layer = layerOf(name);
    if (!layer) return false;
    if (*layer >= h.nLayers || name.contains(".nextn.")) return true;
    if (h.sourceLayers[*layer] == *layer) return false;
    constexpr std::array kOwn = {".attn_k.", ".attn_v.", ".attn_k_norm."};
    return std::ranges::any_of(kOwn, [&](const char* part) { return name.contains(part); });
}

bool isLookedUp(std::string_view name, bool tied) {
    return (name == "token_embd.weight" && !tied) || name == "per_layer_token_embd.weight" ||
           name.contains(".ffn_gate_tid2eid.");
}

Result<Experts> readExperts(const gguf::File& file, const model::Hparams& h) {
    Experts experts;
    auto count = file.readUint(h.architecture + ".expert_count");
    if (!count) return forward(count);
    auto used = file.readUint(h.architecture + ".expert_used_count");
    if (!used) return forward(used);
    experts.count = count->value_or(0);
    experts.used = used->value_or(0);
    return experts;
}

}  // namespace

Result<std::optional<WeightsRead>> weightsRead(const gguf::File& file, const model::Hparams& hparams) {
    const auto experts = readExperts(file, hparams);
    if (!experts) return forward(experts);
    const bool tied = file.findTensor("output.weight") == nullptr;
    WeightsRead sum{.values = 0};
    for (const gguf::TensorInfo& tensor : file.tensors()) {
        if (isUnused(tensor.name, hparams)) continue;
        std::uint64_t share = 1;
        std::uint64_t whole = 1;
        const bool lookedUp = isLookedUp(tensor.name, tied);
        if (lookedUp) {
            whole = tensor.rows();
        } else if (tensor.name.contains("_exps.")) {
            share = experts->used;
            whole = experts->count;
            if (share == 0 || share > whole) return std::optional<WeightsRead>{};
        }
        sum.bytes += tensor.bytes / whole * share;
        if (!lookedUp && tensor.dims.size() > 1) *sum.values += tensor.values() / whole * share;
    }
    const gguf::TensorInfo* const embeddings = file.findTensor("token_embd.weight");
    if (tied && embeddings != nullptr) sum.bytes += embeddings->bytes / embeddings->rows();
    return sum;
}

}  // namespace kvscope::planner
