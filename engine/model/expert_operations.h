// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "engine/model/view.h"

namespace kvscope::model {

/// Scores of experts; values as in GGUF's expert_gating_func.
enum class Gating : std::uint8_t { Softmax = 1, Sigmoid = 2, SoftmaxOfSelected = 3, SqrtSoftplus = 4 };
/// Chooses experts for each column (architectures.md 1.8). out: `used` expert ids, then as many weights. Ties: lower
/// id.
struct RouteOp {
    View in;   ///< logits, one an expert
    View out;  ///< 2 · used
    std::uint32_t used = 0;
    Gating gating = Gating::Softmax;
    TensorRef bias;   ///< [experts], for the selection only
    TensorRef table;  ///< [used, nVocab] I32: experts by token instead of by score
    TensorRef gain;   ///< [experts]: multiplies the weights at the end
    std::uint32_t groups = 1;
    std::uint32_t groupsUsed = 1;
    bool normalise = false;
    float scale = 1;
};
/// hidden[k] = act(gate_e in) · (up_e in) for the k-th chosen expert e; tensors [width(in), nFf(, experts)].
struct ExpertGatedOp {
    View in;
    View route;
    View out;  ///< used · nFf
    TensorRef gate;
    TensorRef up;  ///< absent: `gate` holds gate rows, then up rows, for each expert
    std::uint32_t experts = 0;
    std::uint32_t used = 0;
    Activation activation = Activation::Silu;
    float clamp = 0;
};
/// out (+)= Σ_k weight_k · down_e hidden[k]; down: [nFf, width(out), experts].
struct ExpertDownOp {
    View in;
    View route;
    View out;
    TensorRef down;
    std::uint32_t experts = 0;
    std::uint32_t used = 0;
    bool addTo = false;
};

}  // namespace kvscope::model
