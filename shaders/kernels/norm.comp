// SPDX-License-Identifier: Apache-2.0
#version 460
// out = gain * x / sqrt(mean(x^2) + eps) over a group of values, a group a workgroup. Grid: (columns, groups).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/reduce.glsl"
#include "shaders/shared/norm.h"
layout(constant_id = 1) const bool GAIN = true;
layout(std430, set = 0, binding = 0) readonly buffer In { vec4 x[]; };
layout(std430, set = 0, binding = 1) readonly buffer Gain { vec4 gain[]; };
layout(std430, set = 0, binding = 2) writeonly buffer Out { vec4 result[]; };

vec4 load(uint i) {
    KVS_LANE(kCatActivations, 0u, i * 4u, 4u);
    return x[i];
}

void main() {
    uint group = gl_WorkGroupID.y * pc.width;
    uint at = (pc.inOffset + gl_WorkGroupID.x * pc.inStride + group) / 4u;
    uint to = (pc.outOffset + gl_WorkGroupID.x * pc.outStride + group) / 4u;
    uint quads = pc.width / 4u;
    vec4 squares = vec4(0.0);
    for (uint i = gl_LocalInvocationID.x; i < quads; i += LOCAL) {
        vec4 v = load(at + i);
        squares += v * v;
    }
    float sum = wgAdd((squares.x + squares.y) + (squares.z + squares.w));
    float factor = 1.0 / sqrt(sum / float(pc.width) + pc.eps);
    for (uint i = gl_LocalInvocationID.x; i < quads; i += LOCAL) {
        vec4 v = load(at + i) * factor;
        if (GAIN) {
            KVS_LANE(kCatWeights, 1u, pc.gainOffset + i * 4u, 4u);
            v *= gain[pc.gainOffset / 4u + i];
        }
        KVS_STORE(kCatActivations, 16u);
        result[to + i] = v;
    }
}
