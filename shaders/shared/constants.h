// SPDX-License-Identifier: Apache-2.0
// Numbers that kernels and their wrappers must agree on.
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_CONSTANT(uint, kPageRows, 32u)         // rows of one KV head in a page
KVS_CONSTANT(uint, kSplitRows, 256u)       // rows of one split of attention: fixed, so sums never depend on the batch
KVS_CONSTANT(uint, kMaxQuerySlots, 16u)    // query heads x query columns that one workgroup of attention serves
KVS_CONSTANT(uint, kFreeRow, 0xFFFFFFFFu)  // position of a slot that holds no row
KVS_CONSTANT(uint, kColumnWords, 4u)       // words of one column record: token, position, sequence slot, keep aside
KVS_CONSTANT(uint, kErrorWords, 8u)        // floats of one error record

// traffic categories, in the order of trace::TrafficCategory
KVS_CONSTANT(uint, kCatWeights, 0u)
KVS_CONSTANT(uint, kCatKvRead, 1u)
KVS_CONSTANT(uint, kCatKvWritten, 2u)
KVS_CONSTANT(uint, kCatIndex, 3u)
KVS_CONSTANT(uint, kCatActivations, 4u)

// storage of cache rows
KVS_CONSTANT(uint, kRowF32, 0u)
KVS_CONSTANT(uint, kRowF16, 1u)
KVS_CONSTANT(uint, kRowQ8_0, 2u)
KVS_CONSTANT(uint, kRowQ4_0, 3u)

// formats of weights on the device
KVS_CONSTANT(uint, kWeightF32, 0u)
KVS_CONSTANT(uint, kWeightF16, 1u)
KVS_CONSTANT(uint, kWeightBF16, 2u)
KVS_CONSTANT(uint, kWeightQ8_0, 3u)
KVS_CONSTANT(uint, kWeightQ4_0, 4u)
KVS_CONSTANT(uint, kWeightQ4_1, 5u)
KVS_CONSTANT(uint, kWeightQ5_0, 6u)
KVS_CONSTANT(uint, kWeightQ5_1, 7u)
KVS_CONSTANT(uint, kWeightQ6_K, 8u)
KVS_CONSTANT(uint, kWeightF64, 9u)
KVS_CONSTANT(uint, kWeightQ2_K, 10u)
KVS_CONSTANT(uint, kWeightQ3_K, 11u)
KVS_CONSTANT(uint, kWeightQ4_K, 12u)
KVS_CONSTANT(uint, kWeightQ5_K, 13u)
KVS_CONSTANT(uint, kWeightIQ1_S, 14u)
KVS_CONSTANT(uint, kWeightIQ1_M, 15u)
KVS_CONSTANT(uint, kWeightIQ2_XXS, 16u)
KVS_CONSTANT(uint, kWeightIQ2_XS, 17u)
KVS_CONSTANT(uint, kWeightIQ2_S, 18u)
KVS_CONSTANT(uint, kWeightIQ3_XXS, 19u)
KVS_CONSTANT(uint, kWeightIQ3_S, 20u)
KVS_CONSTANT(uint, kWeightIQ4_NL, 21u)
KVS_CONSTANT(uint, kWeightIQ4_XS, 22u)
KVS_CONSTANT(uint, kWeightTQ1_0, 23u)
KVS_CONSTANT(uint, kWeightTQ2_0, 24u)
KVS_CONSTANT(uint, kWeightMXFP4, 25u)
KVS_CONSTANT(uint, kWeightNVFP4, 26u)
KVS_CONSTANT(uint, kWeightQ1_0, 27u)
KVS_CONSTANT(uint, kWeightQ2_0, 28u)

// what a matrix product does with its result
KVS_CONSTANT(uint, kStore, 0u)   // out = W x (+ bias)
KVS_CONSTANT(uint, kAdd, 1u)     // out += W x (+ bias)
KVS_CONSTANT(uint, kGated, 2u)   // out = act(W_gate x) * (W_up x)

// activation functions
KVS_CONSTANT(uint, kSilu, 0u)
KVS_CONSTANT(uint, kGelu, 1u)

// what `map` computes, in the order of model::MapKind
KVS_CONSTANT(uint, kMapAdd, 0u)           // c (a + b)
KVS_CONSTANT(uint, kMapSubtract, 1u)      // a - b
KVS_CONSTANT(uint, kMapScale, 2u)         // c a
KVS_CONSTANT(uint, kMapMultiply, 3u)      // a b
KVS_CONSTANT(uint, kMapSiluMultiply, 4u)  // silu(a) b
KVS_CONSTANT(uint, kMapGeluMultiply, 5u)  // gelu(a) b
KVS_CONSTANT(uint, kMapGain, 6u)          // a gain[i]
KVS_CONSTANT(uint, kMapTanh, 7u)          // tanh(c a)
KVS_CONSTANT(uint, kMapSoftcap, 8u)       // c tanh(a / c)
KVS_CONSTANT(uint, kMapSoftplus, 9u)      // ln(1 + exp(a[i / c]))

// scores of experts, as in GGUF's expert_gating_func
KVS_CONSTANT(uint, kGateSoftmax, 1u)
KVS_CONSTANT(uint, kGateSigmoid, 2u)
KVS_CONSTANT(uint, kGateSelected, 3u)     // softmax over the selected
KVS_CONSTANT(uint, kGateSoftplus, 4u)     // sqrt(softplus)
