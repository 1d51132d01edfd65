// SPDX-License-Identifier: Apache-2.0
#version 460
// Joins the splits of attn_decode in index order: out = sum_s exp(m_s - M) partial_s / sum_s exp(m_s - M) l_s.
// Grid: (query heads, columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/shared/attention.h"
layout(constant_id = 1) const uint HEAD_DIM = 32u;
layout(constant_id = 2) const uint GROUP = 1u;
#include "shaders/common/cache.glsl"
layout(std430, set = 0, binding = 5) readonly buffer Partial { vec4 partial[]; };
layout(std430, set = 0, binding = 6) readonly buffer Stats { vec2 stats[]; };
layout(std430, set = 0, binding = 7) writeonly buffer Out { vec4 result[]; };

vec2 statsLoad(uint i) {
    KVS_UNIFORM(kCatActivations, 6u, i * 2u, 2u);
    return stats[i];
}

void main() {
    uint column = pc.column + gl_WorkGroupID.y;
    uint head = gl_WorkGroupID.x;
    uint count = rowCount(columnSequence(column) * pc.headStride + pc.headBase + head / GROUP);
    uint splits = (count + kSplitRows - 1u) / kSplitRows;
    uint base = (column * pc.kvHeads * GROUP + head) * pc.splits;
    float largest = -3.0e38;
    for (uint s = 0u; s < splits; ++s) largest = max(largest, statsLoad(base + s).x);
    float total = 0.0;
    for (uint s = 0u; s < splits; ++s) {
        vec2 both = statsLoad(base + s);
        total += exp(both.x - largest) * both.y;
    }
    float inverse = total > 0.0 ? 1.0 / total : 0.0;
    for (uint quad = gl_LocalInvocationID.x; quad < HEAD_DIM / 4u; quad += LOCAL) {
        vec4 sum = vec4(0.0);
        for (uint s = 0u; s < splits; ++s) {
            uint at = (base + s) * (HEAD_DIM / 4u) + quad;
            KVS_LANE(kCatActivations, 5u, at * 4u, 4u);
            sum += exp(statsLoad(base + s).x - largest) * partial[at];
        }
        KVS_STORE(kCatActivations, 16u);
        result[(pc.outOffset + column * pc.outStride + head * HEAD_DIM) / 4u + quad] = sum * inverse;
    }
}
