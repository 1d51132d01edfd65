// SPDX-License-Identifier: Apache-2.0
#version 460
// Copies a part of each head from one layout of heads to another. Grid: (heads * width / LOCAL, columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/shared/copy_heads.h"
layout(std430, set = 0, binding = 0) readonly buffer In { float x[]; };
layout(std430, set = 0, binding = 1) writeonly buffer Out { float result[]; };

void main() {
    uint i = gl_GlobalInvocationID.x;
    uint column = gl_WorkGroupID.y;
    if (i >= pc.heads * pc.width) return;
    uint head = i / pc.width;
    uint e = i % pc.width;
    uint at = pc.inOffset + column * pc.inStride + head * pc.inStep + e;
    KVS_LANE(kCatActivations, 0u, at, 1u);
    KVS_STORE(kCatActivations, 4u);
    result[pc.outOffset + column * pc.outStride + head * pc.outStep + e] = x[at];
}
