// SPDX-License-Identifier: Apache-2.0
#version 460
// Scores of one column's query heads over the rows as stored (the policy's rows): scale q.k, or -3e38 where the query
// does not see the row. First half of the two-pass form; the error probe reads it. Grid: (KV heads, rows / LOCAL).
// Layout of the result: (query head, slot), pc.exactRows slots a head.
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/unpack.glsl"
#include "shaders/shared/attention.h"
layout(constant_id = 1) const uint KEY = 1u;
layout(constant_id = 2) const uint KEY_DIM = 32u;
layout(constant_id = 3) const uint GROUP = 1u;
layout(constant_id = 4) const uint CHUNK = 32u;
layout(constant_id = 5) const uint SOFTCAP = 0u;
#include "shaders/common/cache.glsl"
#define ROWS_LOAD
#define PAGES_IN 3
#include "shaders/encode/rows.glsl"
#include "shaders/common/visible.glsl"
layout(std430, set = 0, binding = 4) readonly buffer Query { vec4 query[]; };
layout(std430, set = 0, binding = 5) writeonly buffer Scores { float scores[]; };

void main() {
    uint head = columnSequence(pc.column) * pc.headStride + pc.headBase + gl_WorkGroupID.x;
    uint slot = gl_WorkGroupID.y * LOCAL + gl_LocalInvocationID.x;
    if (slot >= rowCount(head)) return;
    if (slot < firstSlot(pc.firstBase, head)) {  // gone
        for (uint g = 0u; g < GROUP; ++g) scores[(gl_WorkGroupID.x * GROUP + g) * pc.exactRows + slot] = -3.0e38;
        return;
    }
    uint page = pageOf(pc.tableBase + head * pc.tableStride, slot);
    uint row = slot % kPageRows;
    bool seen = visible(columnPosition(pc.column), positionOf(page, row));
    for (uint g = 0u; g < GROUP; ++g) {
        uint queryHead = gl_WorkGroupID.x * GROUP + g;
        uint at = (pc.queryOffset + pc.column * pc.queryStride + queryHead * KEY_DIM) / 4u;
        float dot4 = 0.0;
        for (uint c = 0u; c < KEY_DIM / CHUNK; ++c) {
            vec4 v[8];
            rowChunk(KEY, page * pc.pageWords, KEY_DIM, row, c, v);
            for (uint j = 0u; j < CHUNK / 4u; ++j) {
                KVS_UNIFORM(kCatActivations, 4u, (at + c * (CHUNK / 4u) + j) * 4u, 4u);
                dot4 += dot(v[j], query[at + c * (CHUNK / 4u) + j]);
            }
        }
        KVS_STORE(kCatIndex, 4u);
        float score = dot4 * pc.scale;
        if (SOFTCAP == 1u) score = pc.softcap * tanh(score / pc.softcap);
        scores[queryHead * pc.exactRows + slot] = seen ? score : -3.0e38;
    }
}
