// SPDX-License-Identifier: Apache-2.0
#version 460
// Joins the splits of attn_decode in index order: out = sum_s exp(m_s - M) partial_s / sum_s exp(m_s - M) l_s; with
// SINKS the sum below also has exp(sink - M). A second stream's splits follow the first's; those without rows are skipped.
// Grid: (query heads, columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/shared/attention.h"
layout(constant_id = 1) const uint VALUE_DIM = 32u;
layout(constant_id = 2) const uint GROUP = 1u;  // query heads of a KV head
layout(constant_id = 3) const uint SINKS = 0u;
#include "shaders/common/cache.glsl"
layout(std430, set = 0, binding = 5) readonly buffer Partial { vec4 partial[]; };
layout(std430, set = 0, binding = 6) readonly buffer Stats { vec2 stats[]; };
layout(std430, set = 0, binding = 7) writeonly buffer Out { vec4 result[]; };
layout(std430, set = 0, binding = 8) readonly buffer Sinks { float sinks[]; };

vec2 statsLoad(uint i) {
    KVS_UNIFORM(kCatActivations, 6u, i * 2u, 2u);
    return stats[i];
}

// Number of the i-th split of a head: the first stream's, then the second's.
uint splitAt(uint i, uint firsts) { return i < firsts ? i : pc.splitBase + i - firsts; }

void main() {
    uint column = pc.column + gl_WorkGroupID.y;
    uint head = gl_WorkGroupID.x;
    uint kvHead = columnSequence(column) * pc.headStride + pc.headBase + head / GROUP;
    uint count = rowCount(kvHead);
    uint firsts = (count + kSplitRows - 1u) / kSplitRows - firstSlot(pc.firstBase, kvHead) / kSplitRows;
    uint splits = firsts + pc.splitCount;
    uint base = (column * pc.heads + head) * pc.splits;
    float sink = -3.0e38;
    if (SINKS == 1u) {
        KVS_UNIFORM(kCatWeights, 8u, pc.sinkOffset + head, 1u);
        sink = sinks[pc.sinkOffset + head];
    }
    float largest = sink;
    for (uint s = 0u; s < splits; ++s) largest = max(largest, statsLoad(base + splitAt(s, firsts)).x);
    float total = SINKS == 1u ? exp(sink - largest) : 0.0;
    for (uint s = 0u; s < splits; ++s) {
        vec2 both = statsLoad(base + splitAt(s, firsts));
        total += exp(both.x - largest) * both.y;
    }
    float inverse = total > 0.0 ? 1.0 / total : 0.0;
    for (uint quad = gl_LocalInvocationID.x; quad < VALUE_DIM / 4u; quad += LOCAL) {
        vec4 sum = vec4(0.0);
        for (uint s = 0u; s < splits; ++s) {
            uint split = base + splitAt(s, firsts);
            vec2 both = statsLoad(split);
            if (pc.splitCount != 0u && both.y == 0.0) continue;  // nothing was written there
            KVS_LANE(kCatActivations, 5u, (split * (VALUE_DIM / 4u) + quad) * 4u, 4u);
            sum += exp(both.x - largest) * partial[split * (VALUE_DIM / 4u) + quad];
        }
        KVS_STORE(kCatActivations, 16u);
        result[(pc.outOffset + column * pc.outStride + head * VALUE_DIM) / 4u + quad] = sum * inverse;
    }
}
