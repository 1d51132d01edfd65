// SPDX-License-Identifier: Apache-2.0
#version 460
// out[column] = scale * table[token of the column]. One lane decodes one run of 32 values. Grid: (runs / LOCAL, columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/unpack.glsl"
#include "shaders/shared/embed.h"
#include "shaders/encode/weights.glsl"
layout(std430, set = 0, binding = 1) readonly buffer Columns { uint columns[]; };
layout(std430, set = 0, binding = 2) writeonly buffer Out { vec4 result[]; };

void main() {
    uint run = gl_GlobalInvocationID.x;
    uint column = gl_WorkGroupID.y;
    KVS_UNIFORM(kCatIndex, 1u, column * kColumnWords, 1u);
    uint token = columns[column * kColumnWords];
    if (run >= pc.blocks || token < pc.rowBegin || token - pc.rowBegin >= pc.rowCount) return;
    vec4 q[8];
    float d, m;
    weightBlock((token - pc.rowBegin) * pc.blocks + run, q, d, m);
    [[unroll]] for (uint j = 0u; j < 8u; ++j) {
        result[(pc.outOffset + column * pc.outStride) / 4u + run * 8u + j] = (q[j] * d + m) * pc.scale;
    }
    KVS_STORE(kCatActivations, 128u);
}
