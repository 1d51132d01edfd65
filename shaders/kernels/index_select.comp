// SPDX-License-Identifier: Apache-2.0
#version 460
// Chooses the topK best scores of a column (ties: lower slot): a count, then the slots in ascending order. The k-th best
// is found bit by bit on the scores' order-preserving integer form; then every lane writes its stretch of slots.
// Grid: (columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/reduce.glsl"
#include "shaders/shared/index_scores.h"
#include "shaders/common/cache.glsl"
layout(std430, set = 0, binding = 3) readonly buffer Scores { float scores[]; };
layout(std430, set = 0, binding = 4) writeonly buffer Lists { uint lists[]; };
const uint MAX_LANES = 128u;
shared uint above[MAX_LANES];
shared uint equal[MAX_LANES];

// 0 for a row that is not seen; else larger for a larger score.
uint keyOf(uint slot) {
    uint at = gl_WorkGroupID.x * pc.capacity + slot;
    KVS_LANE(kCatIndex, 3u, at, 1u);
    float score = scores[at];
    if (score <= -3.0e38) return 0u;
    uint bits = floatBitsToUint(score);
    return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

void store(uint i, uint value) {
    KVS_STORE(kCatIndex, 4u);
    lists[gl_WorkGroupID.x * pc.listStride + i] = value;
}

void main() {
    uint head = columnSequence(gl_WorkGroupID.x) * pc.headStride + pc.headBase;
    uint count = rowCount(head);
    uint lane = gl_LocalInvocationID.x;
    uint threshold = 0u;
    for (uint bit = 0x80000000u; bit != 0u; bit >>= 1u) {
        uint candidate = threshold | bit;
        float reached = 0.0;
        for (uint slot = lane; slot < count; slot += LOCAL) reached += keyOf(slot) >= candidate ? 1.0 : 0.0;
        if (wgAdd(reached) >= float(pc.topK)) threshold = candidate;
    }
    uint stretch = (count + LOCAL - 1u) / LOCAL;
    uint begin = min(lane * stretch, count);
    uint end = min(begin + stretch, count);
    uint larger = 0u;
    uint same = 0u;
    for (uint slot = begin; slot < end; ++slot) {
        uint key = keyOf(slot);
        if (key > threshold) ++larger;
        if (key == threshold && key != 0u) ++same;
    }
    above[lane] = larger;
    equal[lane] = same;
    wgBarrier();
    uint largerBefore = 0u;
    uint sameBefore = 0u;
    uint largerAll = 0u;
    uint sameAll = 0u;
    for (uint l = 0u; l < LOCAL; ++l) {
        if (l < lane) {
            largerBefore += above[l];
            sameBefore += equal[l];
        }
        largerAll += above[l];
        sameAll += equal[l];
    }
    uint wanted = pc.topK - min(pc.topK, largerAll);  // how many of the equal ones are taken
    for (uint slot = begin; slot < end; ++slot) {
        uint key = keyOf(slot);
        if (key > threshold) {
            store(1u + largerBefore + min(sameBefore, wanted), slot);
            ++largerBefore;
        } else if (key == threshold && key != 0u) {
            if (sameBefore < wanted) store(1u + largerBefore + sameBefore, slot);
            ++sameBefore;
        }
    }
    if (lane == 0u) store(0u, largerAll + min(sameAll, wanted));
}
