// SPDX-License-Identifier: Apache-2.0
#version 460
// x = max(0, x - (mean + multiplier * standard deviation)), divisor n - 1, a column a workgroup. Grid: (columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/reduce.glsl"
#include "shaders/shared/column_stats.h"
layout(std430, set = 0, binding = 0) readonly buffer In { float x[]; };
layout(std430, set = 0, binding = 1) writeonly buffer Out { float result[]; };

float load(uint i) {
    uint at = pc.inOffset + gl_WorkGroupID.x * pc.inStride + i;
    KVS_LANE(kCatActivations, 0u, at, 1u);
    return x[at];
}
void store(uint i, float value) {
    KVS_STORE(kCatActivations, 4u);
    result[pc.outOffset + gl_WorkGroupID.x * pc.outStride + i] = value;
}

void main() {
    float sum = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < pc.width; i += LOCAL) sum += load(i);
    float mean = wgAdd(sum) / float(pc.width);
    float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < pc.width; i += LOCAL) {
        float difference = load(i) - mean;
        squares += difference * difference;
    }
    float deviation = sqrt(wgAdd(squares) / float(pc.width - 1u));
    float cut = mean + pc.multiplier * deviation;
    for (uint i = gl_LocalInvocationID.x; i < pc.width; i += LOCAL) store(i, max(0.0, load(i) - cut));
}
