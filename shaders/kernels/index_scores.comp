// SPDX-License-Identifier: Apache-2.0
#version 460
// Scores of a lightning indexer: sum_x g_x scale relu(q_x . k) for every row of the index stream, -3e38 where the query
// does not see the row. A lane a row. Grid: (rows / LOCAL, columns). Result: (column, slot), pc.capacity slots a column.
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/unpack.glsl"
#include "shaders/shared/index_scores.h"
layout(constant_id = 1) const uint KEY = 1u;
layout(constant_id = 2) const uint KEY_DIM = 32u;
layout(constant_id = 3) const uint CHUNK = 32u;
#include "shaders/common/cache.glsl"
#define ROWS_LOAD
#define PAGES_IN 3
#include "shaders/encode/rows.glsl"
layout(std430, set = 0, binding = 4) readonly buffer Query { vec4 query[]; };
layout(std430, set = 0, binding = 5) readonly buffer Gates { float gates[]; };
layout(std430, set = 0, binding = 6) writeonly buffer Scores { float scores[]; };

void main() {
    uint column = gl_WorkGroupID.y;
    uint head = columnSequence(column) * pc.headStride + pc.headBase;
    uint slot = gl_WorkGroupID.x * LOCAL + gl_LocalInvocationID.x;
    if (slot >= rowCount(head)) return;
    uint page = pageOf(pc.tableBase + head * pc.tableStride, gl_WorkGroupID.x * LOCAL);
    uint row = slot % kPageRows;
    float total = 0.0;
    for (uint x = 0u; x < pc.heads; ++x) {
        uint at = (pc.queryOffset + column * pc.queryStride + x * KEY_DIM) / 4u;
        float dot4 = 0.0;
        for (uint c = 0u; c < KEY_DIM / CHUNK; ++c) {
            vec4 v[8];
            rowChunk(KEY, page * pc.pageWords, KEY_DIM, row, c, v);
            for (uint j = 0u; j < CHUNK / 4u; ++j) {
                KVS_UNIFORM(kCatActivations, 4u, (at + c * (CHUNK / 4u) + j) * 4u, 4u);
                dot4 += dot(v[j], query[at + c * (CHUNK / 4u) + j]);
            }
        }
        KVS_UNIFORM(kCatActivations, 5u, pc.weightOffset + column * pc.weightStride + x, 1u);
        total += gates[pc.weightOffset + column * pc.weightStride + x] * pc.scale * max(dot4, 0.0);
    }
    bool seen = positionOf(page, row) <= columnPosition(column);
    KVS_STORE(kCatIndex, 4u);
    scores[column * pc.capacity + slot] = seen ? total : -3.0e38;
}
