// SPDX-License-Identifier: Apache-2.0
#version 460
// Rotates queries in place, and rotates, encodes and appends the keys and values of this step's tokens to the cache.
// With EXACT, also keeps them aside in f32 for the error probe. One workgroup a head: query heads first, then KV heads
// (keys and values). Grid: (query heads + KV heads, columns). Rope table: (column, pair) -> (cos, sin), made in double
// precision on the host. Pairing: 0 = (2i, 2i+1), 1 = (i, i + pairs), counted from the first rotated value of a head.
// A column whose slot is kFreeRow appends nothing (it ends no block of a compressed stream).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/shared/rope_append.h"
layout(constant_id = 1) const uint KEY = 1u;
layout(constant_id = 2) const uint VALUE = 1u;
layout(constant_id = 3) const uint KEY_DIM = 32u;
layout(constant_id = 4) const uint CHUNK = 32u;
layout(constant_id = 5) const uint PAIRING = 0u;
layout(constant_id = 6) const uint EXACT = 0u;
layout(constant_id = 7) const uint VALUE_DIM = 32u;  // 0: keys alone
layout(std430, set = 0, binding = 0) readonly buffer Columns { uint columns[]; };
layout(std430, set = 0, binding = 1) readonly buffer Index { uint cacheIndex[]; };
layout(std430, set = 0, binding = 2) writeonly buffer RowPositions { uint positions[]; };
#define ROWS_STORE
#define PAGES_OUT 3
#include "shaders/encode/rows.glsl"
layout(std430, set = 0, binding = 4) buffer Query { float query[]; };
layout(std430, set = 0, binding = 5) readonly buffer RopeTable { vec2 rope[]; };
layout(std430, set = 0, binding = 6) writeonly buffer ExactRows { float exact[]; };
layout(std430, set = 0, binding = 7) readonly buffer Key { float keys[]; };
layout(std430, set = 0, binding = 8) readonly buffer Value { float values[]; };

vec2 angle(uint column, uint pair) {
    uint at = column * pc.pairs + pair;
    KVS_LANE(kCatIndex, 5u, at * 2u, 2u);
    return vec2(rope[at].x, rope[at].y * pc.sign);
}
float queryAt(uint at) {
    KVS_LANE(kCatActivations, 4u, at, 1u);
    return query[at];
}
float keyAt(uint at) {
    KVS_LANE(kCatActivations, 7u, at, 1u);
    return keys[at];
}
float valueAt(uint at) {
    KVS_LANE(kCatActivations, 8u, at, 1u);
    return values[at];
}
uint firstOf(uint pair) { return pc.begin + (PAIRING == 0u ? 2u * pair : pair); }
uint secondOf(uint pair) { return pc.begin + (PAIRING == 0u ? 2u * pair + 1u : pair + pc.pairs); }

void rotateQuery(uint at, uint column) {
    for (uint pair = gl_LocalInvocationID.x; pair < pc.pairs; pair += LOCAL) {
        vec2 cs = angle(column, pair);
        float a = queryAt(at + firstOf(pair));
        float b = queryAt(at + secondOf(pair));
        query[at + firstOf(pair)] = a * cs.x - b * cs.y;
        query[at + secondOf(pair)] = a * cs.y + b * cs.x;
        KVS_STORE(kCatActivations, 8u);
    }
}

float rotatedKey(uint at, uint column, uint i) {
    if (i < pc.begin || i >= pc.begin + 2u * pc.pairs) return keyAt(at + i);
    uint pair = PAIRING == 0u ? (i - pc.begin) / 2u : (i - pc.begin) % pc.pairs;
    bool isFirst = i == firstOf(pair);
    vec2 cs = angle(column, pair);
    float a = keyAt(at + firstOf(pair));
    float b = keyAt(at + secondOf(pair));
    return isFirst ? a * cs.x - b * cs.y : a * cs.y + b * cs.x;
}

bool asked(uint column) {
    KVS_UNIFORM(kCatIndex, 0u, column * kColumnWords + 3u, 1u);
    return columns[column * kColumnWords + 3u] == 1u;
}

void keep(uint at, uint chunk, float v[32]) {
    [[dont_unroll]] for (uint j = 0u; j < CHUNK; ++j) exact[at + chunk * CHUNK + j] = v[j];
    KVS_STORE(kCatIndex, 4u * CHUNK);
}

void appendRow(uint head, uint column) {
    KVS_UNIFORM(kCatIndex, 1u, pc.slotBase + head * pc.slotStride + column, 1u);
    KVS_UNIFORM(kCatIndex, 0u, column * kColumnWords + 1u, 1u);
    uint slot = cacheIndex[pc.slotBase + head * pc.slotStride + column];
    if (slot == kFreeRow) return;
    uint position = columns[column * kColumnWords + 1u];
    uint base = slot / kPageRows * pc.pageWords;
    uint row = slot % kPageRows;
    uint aside = position * pc.exactStride + head * (KEY_DIM + VALUE_DIM);
    bool keepsAside = EXACT == 1u && asked(column);
    if (gl_LocalInvocationID.x == 0u) {
        positions[slot] = position;
        KVS_STORE(kCatIndex, 4u);
    }
    for (uint chunk = gl_LocalInvocationID.x; chunk < KEY_DIM / CHUNK; chunk += LOCAL) {
        float v[32];
        uint from = pc.keyOffset + column * pc.keyStride + head * KEY_DIM;
        [[dont_unroll]] for (uint j = 0u; j < CHUNK; ++j) v[j] = rotatedKey(from, column, chunk * CHUNK + j);
        rowStore(KEY, base, KEY_DIM, row, chunk, v);
        if (keepsAside) keep(aside, chunk, v);
    }
    for (uint chunk = gl_LocalInvocationID.x; chunk < VALUE_DIM / CHUNK; chunk += LOCAL) {
        float v[32];
        uint from = pc.valueOffset + column * pc.valueStride + head * VALUE_DIM + chunk * CHUNK;
        [[dont_unroll]] for (uint j = 0u; j < CHUNK; ++j) v[j] = valueAt(from + j);
        rowStore(VALUE, base + pc.pageValues, VALUE_DIM, row, chunk, v);
        if (keepsAside) keep(aside + KEY_DIM, chunk, v);
    }
}

void main() {
    uint column = gl_WorkGroupID.y;
    uint head = gl_WorkGroupID.x;
    if (head < pc.heads) {
        rotateQuery(pc.queryOffset + column * pc.queryStride + head * pc.queryHead, column);
    } else {
        appendRow(head - pc.heads, column);
    }
}
