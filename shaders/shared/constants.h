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

// what a matrix product does with its result
KVS_CONSTANT(uint, kStore, 0u)   // out = W x (+ bias)
KVS_CONSTANT(uint, kAdd, 1u)     // out += W x (+ bias)
KVS_CONSTANT(uint, kGated, 2u)   // out = silu(W_gate x) * (W_up x)
