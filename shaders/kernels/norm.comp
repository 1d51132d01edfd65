// SPDX-License-Identifier: Apache-2.0
#version 460
// out = gain * x / sqrt(mean(x^2) + eps), a column a workgroup.
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/reduce.glsl"
#include "shaders/shared/norm.h"
layout(std430, set = 0, binding = 0) readonly buffer In { vec4 x[]; };
layout(std430, set = 0, binding = 1) readonly buffer Gain { vec4 gain[]; };
layout(std430, set = 0, binding = 2) writeonly buffer Out { vec4 result[]; };

vec4 load(uint i) {
    KVS_LANE(kCatActivations, 0u, i * 4u, 4u);
    return x[i];
}

void main() {
    uint at = gl_WorkGroupID.x * (pc.inStride / 4u);
    uint to = gl_WorkGroupID.x * (pc.outStride / 4u);
    uint quads = pc.width / 4u;
    vec4 squares = vec4(0.0);
    for (uint i = gl_LocalInvocationID.x; i < quads; i += LOCAL) {
        vec4 v = load(at + i);
        squares += v * v;
    }
    float sum = wgAdd((squares.x + squares.y) + (squares.z + squares.w));
    float factor = 1.0 / sqrt(sum / float(pc.width) + pc.eps);
    for (uint i = gl_LocalInvocationID.x; i < quads; i += LOCAL) {
        KVS_LANE(kCatWeights, 1u, pc.gainOffset + i * 4u, 4u);
        KVS_STORE(kCatActivations, 16u);
        result[to + i] = load(at + i) * factor * gain[pc.gainOffset / 4u + i];
    }
}
