// SPDX-License-Identifier: Apache-2.0
// Contract of weight formats. The including kernel binds the weights at binding 0 and has pc.section0 … section3 (word
// offsets of the tensor's sections). weightBlock() decodes one run of 32 values: value[i] = d * q[i] + m.
// `block` = row * blocks in a row + index in the row. Adding a format: one include and one line here, one line in
// engine/kernels/weight_format.cpp.
layout(constant_id = 1) const uint WEIGHT = 3u;
layout(std430, set = 0, binding = 0) readonly buffer Weights1 { uint weights1[]; };
layout(std430, set = 0, binding = 0) readonly buffer Weights4 { uvec4 weights4[]; };

uint weightLoad1(uint word) {
    KVS_LANE(kCatWeights, 0u, word, 1u);
    return weights1[word];
}
uvec4 weightLoad4(uint quad) {
    KVS_LANE(kCatWeights, 0u, quad * 4u, 4u);
    return weights4[quad];
}

// Entry of the table of 16-bit numbers that IQ1, IQ2 and IQ3 have as section 3. Not counted as traffic: it belongs to the
// format, not to the model, and stays in the nearest cache.
uint gridEntry(uint index) { return (weights1[pc.section3 + (index >> 1u)] >> ((index & 1u) * 16u)) & 0xFFFFu; }

#include "shaders/encode/weight_bits.glsl"
#include "shaders/encode/weight_f32.glsl"
#include "shaders/encode/weight_f16.glsl"
#include "shaders/encode/weight_bf16.glsl"
#include "shaders/encode/weight_q8_0.glsl"
#include "shaders/encode/weight_q4_0.glsl"
#include "shaders/encode/weight_q4_1.glsl"
#include "shaders/encode/weight_q5_0.glsl"
#include "shaders/encode/weight_q5_1.glsl"
#include "shaders/encode/weight_q6_k.glsl"
#include "shaders/encode/weight_f64.glsl"
#include "shaders/encode/weight_q2_k.glsl"
#include "shaders/encode/weight_q3_k.glsl"
#include "shaders/encode/weight_q4_k.glsl"
#include "shaders/encode/weight_q5_k.glsl"
#include "shaders/encode/weight_ternary.glsl"
#include "shaders/encode/weight_few_bits.glsl"
#include "shaders/encode/weight_fp4.glsl"
#include "shaders/encode/weight_iq4.glsl"
#include "shaders/encode/weight_iq2.glsl"
#include "shaders/encode/weight_iq3.glsl"
#include "shaders/encode/weight_iq1.glsl"

const bool WEIGHT_HAS_MINIMUM =
    WEIGHT == kWeightQ4_1 || WEIGHT == kWeightQ5_1 || WEIGHT == kWeightQ4_K || WEIGHT == kWeightQ5_K;

void weightBlock(uint block, out vec4 q[8], out float d, out float m) {
    d = 1.0;
    m = 0.0;
    if (WEIGHT == kWeightF32) weightF32(block, q);
    if (WEIGHT == kWeightF16) weightF16(block, q);
    if (WEIGHT == kWeightBF16) weightBF16(block, q);
    if (WEIGHT == kWeightQ8_0) weightQ8_0(block, q, d);
    if (WEIGHT == kWeightQ4_0) weightQ4_0(block, q, d);
    if (WEIGHT == kWeightQ4_1) weightQ4_1(block, q, d, m);
    if (WEIGHT == kWeightQ5_0) weightQ5_0(block, q, d);
    if (WEIGHT == kWeightQ5_1) weightQ5_1(block, q, d, m);
    if (WEIGHT == kWeightQ6_K) weightQ6_K(block, q, d);
    if (WEIGHT == kWeightF64) weightF64(block, q);
    if (WEIGHT == kWeightQ2_K) weightQ2_K(block, q);
    if (WEIGHT == kWeightQ3_K) weightQ3_K(block, q, d);
    if (WEIGHT == kWeightQ4_K) weightQ4_K(block, q, d, m);
    if (WEIGHT == kWeightQ5_K) weightQ5_K(block, q, d, m);
    if (WEIGHT == kWeightIQ1_S) weightIQ1_S(block, q, d);
    if (WEIGHT == kWeightIQ1_M) weightIQ1_M(block, q, d);
    if (WEIGHT == kWeightIQ2_XXS) weightIQ2_XXS(block, q, d);
    if (WEIGHT == kWeightIQ2_XS) weightIQ2_XS(block, q, d);
    if (WEIGHT == kWeightIQ2_S) weightIQ2_S(block, q, d);
    if (WEIGHT == kWeightIQ3_XXS) weightIQ3_XXS(block, q, d);
    if (WEIGHT == kWeightIQ3_S) weightIQ3_S(block, q, d);
    if (WEIGHT == kWeightIQ4_NL) weightIQ4_NL(block, q, d);
    if (WEIGHT == kWeightIQ4_XS) weightIQ4_XS(block, q, d);
    if (WEIGHT == kWeightTQ1_0) weightTQ1_0(block, q, d);
    if (WEIGHT == kWeightTQ2_0) weightTQ2_0(block, q, d);
    if (WEIGHT == kWeightMXFP4) weightMXFP4(block, q, d);
    if (WEIGHT == kWeightNVFP4) weightNVFP4(block, q);
    if (WEIGHT == kWeightQ1_0) weightQ1_0(block, q, d);
    if (WEIGHT == kWeightQ2_0) weightQ2_0(block, q, d);
}
