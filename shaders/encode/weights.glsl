// SPDX-License-Identifier: Apache-2.0
// Contract of weight formats. The including kernel binds the weights at binding 0 and has pc.section0 … section3 (word
// offsets of the tensor's sections). weightBlock() decodes one run of 32 values: value[i] = d * q[i] + m.
// `block` = row * blocks in a row + index in the row. Adding a format: one include and one line here.
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

#include "shaders/encode/weight_f32.glsl"
#include "shaders/encode/weight_f16.glsl"
#include "shaders/encode/weight_bf16.glsl"
#include "shaders/encode/weight_q8_0.glsl"
#include "shaders/encode/weight_q4_0.glsl"
#include "shaders/encode/weight_q4_1.glsl"
#include "shaders/encode/weight_q5_0.glsl"
#include "shaders/encode/weight_q5_1.glsl"
#include "shaders/encode/weight_q6_k.glsl"

const bool WEIGHT_HAS_MINIMUM = WEIGHT == kWeightQ4_1 || WEIGHT == kWeightQ5_1;

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
}
