// SPDX-License-Identifier: Apache-2.0
#version 460
// out = x |other| / |x|, a column a workgroup: the magnitude of one stream given to another. Grid: (columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/reduce.glsl"
#include "shaders/shared/column_stats.h"
layout(std430, set = 0, binding = 0) readonly buffer In { float x[]; };
layout(std430, set = 0, binding = 1) readonly buffer Other { float other[]; };
layout(std430, set = 0, binding = 2) writeonly buffer Out { float result[]; };

float load(uint i) {
    uint at = pc.inOffset + gl_WorkGroupID.x * pc.inStride + i;
    KVS_LANE(kCatActivations, 0u, at, 1u);
    return x[at];
}
void store(uint i, float value) {
    KVS_STORE(kCatActivations, 4u);
    result[pc.outOffset + gl_WorkGroupID.x * pc.outStride + i] = value;
}

float otherLoad(uint i) {
    uint at = pc.otherOffset + gl_WorkGroupID.x * pc.otherStride + i;
    KVS_LANE(kCatActivations, 1u, at, 1u);
    return other[at];
}

void main() {
    float own = 0.0;
    float wanted = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < pc.width; i += LOCAL) {
        float a = load(i);
        float b = otherLoad(i);
        own += a * a;
        wanted += b * b;
    }
    own = wgAdd(own);
    wanted = wgAdd(wanted);
    float factor = own > 0.0 ? sqrt(wanted) / sqrt(own) : 0.0;
    for (uint i = gl_LocalInvocationID.x; i < pc.width; i += LOCAL) store(i, load(i) * factor);
}
