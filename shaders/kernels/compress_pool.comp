// SPDX-License-Identifier: Apache-2.0
#version 460
// Pools the block of `ratio` tokens that ends at a column, channel by channel: out = sum softmax(gate) value over its
// tokens; OVERLAP: over the first halves of the block before (none before block 0) and the second halves of this one.
// Columns that end no block write nothing. Grid: (width / LOCAL, columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/shared/compress.h"
layout(constant_id = 1) const bool OVERLAP = false;
layout(std430, set = 0, binding = 0) readonly buffer Columns { uint columns[]; };
layout(std430, set = 0, binding = 1) readonly buffer Ring { float ring[]; };
layout(std430, set = 0, binding = 2) writeonly buffer Out { float result[]; };
const uint HALVES = OVERLAP ? 2u : 1u;

// (value, gate) of a token's channel.
vec2 token(uint sequence, uint position, uint channel) {
    uint at = (sequence * pc.ring + position % pc.ring) * 2u * HALVES * pc.width + channel;
    KVS_LANE(kCatIndex, 1u, at, 1u);
    KVS_LANE(kCatIndex, 1u, at + HALVES * pc.width, 1u);
    return vec2(ring[at], ring[at + HALVES * pc.width]);
}

void main() {
    uint channel = gl_GlobalInvocationID.x;
    uint column = gl_WorkGroupID.y;
    KVS_UNIFORM(kCatIndex, 0u, column * kColumnWords + 1u, 2u);
    uint position = columns[column * kColumnWords + 1u];
    uint sequence = columns[column * kColumnWords + 2u];
    if (channel >= pc.width || (position + 1u) % pc.ratio != 0u) return;
    uint first = position + 1u - pc.ratio;
    uint before = OVERLAP && first != 0u ? pc.ratio : 0u;
    float largest = -3.0e38;
    for (uint i = 0u; i < before + pc.ratio; ++i) {
        bool earlier = i < before;
        uint at = earlier ? channel : (HALVES - 1u) * pc.width + channel;
        largest = max(largest, token(sequence, first - before + i, at).y);
    }
    float sum = 0.0;
    float value = 0.0;
    for (uint i = 0u; i < before + pc.ratio; ++i) {
        bool earlier = i < before;
        uint at = earlier ? channel : (HALVES - 1u) * pc.width + channel;
        vec2 both = token(sequence, first - before + i, at);
        float w = exp(both.y - largest);
        sum += w;
        value += w * both.x;
    }
    KVS_STORE(kCatActivations, 4u);
    result[pc.outOffset + column * pc.outStride + channel] = value / sum;
}
