// SPDX-License-Identifier: Apache-2.0
#version 460
// Copies rows from one page pool to another, decoding and encoding on the way: compaction after an eviction, and a
// change of encoding. Moves are pairs (slot before, slot after). Same storage on both sides: bytes are kept exactly for
// f32 and f16; for block types a decoded block encodes to the same numbers. Grid: (moves).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/unpack.glsl"
#include "shaders/shared/kv_move.h"
layout(constant_id = 1) const uint KEY_FROM = 1u;
layout(constant_id = 2) const uint VALUE_FROM = 1u;
layout(constant_id = 3) const uint KEY_TO = 1u;
layout(constant_id = 4) const uint VALUE_TO = 1u;
layout(constant_id = 5) const uint KEY_DIM = 32u;
layout(constant_id = 6) const uint CHUNK = 32u;
layout(constant_id = 7) const uint VALUE_DIM = 32u;  // 0: a page holds keys alone
layout(std430, set = 0, binding = 0) readonly buffer Moves { uvec2 moves[]; };
#define ROWS_LOAD
#define PAGES_IN 1
#define ROWS_STORE
#define PAGES_OUT 2
#include "shaders/encode/rows.glsl"
layout(std430, set = 0, binding = 3) readonly buffer From { uint positionsFrom[]; };
layout(std430, set = 0, binding = 4) writeonly buffer To { uint positionsTo[]; };

void main() {
    uint move = pc.first + gl_WorkGroupID.x;
    if (move >= pc.count) return;
    KVS_UNIFORM(kCatIndex, 0u, move * 2u, 2u);
    uvec2 slots = moves[move];
    uint from = slots.x / kPageRows * pc.fromPageWords;
    uint to = slots.y / kPageRows * pc.toPageWords;
    uint rowFrom = slots.x % kPageRows;
    uint rowTo = slots.y % kPageRows;
    if (gl_LocalInvocationID.x == 0u) {
        KVS_LANE(kCatIndex, 3u, slots.x, 1u);
        KVS_STORE(kCatIndex, 4u);
        positionsTo[slots.y] = positionsFrom[slots.x];
    }
    for (uint chunk = gl_LocalInvocationID.x; chunk < KEY_DIM / CHUNK; chunk += LOCAL) {
        vec4 quads[8];
        float v[32];
        rowChunk(KEY_FROM, from, KEY_DIM, rowFrom, chunk, quads);
        [[dont_unroll]] for (uint j = 0u; j < CHUNK; ++j) v[j] = quads[j / 4u][j % 4u];
        rowStore(KEY_TO, to, KEY_DIM, rowTo, chunk, v);
    }
    for (uint chunk = gl_LocalInvocationID.x; chunk < VALUE_DIM / CHUNK; chunk += LOCAL) {
        vec4 quads[8];
        float v[32];
        rowChunk(VALUE_FROM, from + pc.fromValues, VALUE_DIM, rowFrom, chunk, quads);
        [[dont_unroll]] for (uint j = 0u; j < CHUNK; ++j) v[j] = quads[j / 4u][j % 4u];
        rowStore(VALUE_TO, to + pc.toValues, VALUE_DIM, rowTo, chunk, v);
    }
}
