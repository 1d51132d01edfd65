// SPDX-License-Identifier: Apache-2.0
#version 460
// Fused attention over one split of kSplitRows slots of one KV head, for GROUP of its query heads and QTILE neighbouring
// columns of one sequence: scores, softmax of the split, weighted sum of values. Rows are read as stored.
// Keys: a lane a row. Values: a lane a run of dimensions, rows in slot order. The order of every sum depends on the sizes
// and the slots alone, so columns, tiles and neighbours change no bit; masked rows add exact zeros.
// GATHER: only the slots that a list of the column names, in its order (QTILE is 1). SHARED: the value is the first
// VALUE_DIM values of the key row.
// Writes partial[(column, head, split)] (VALUE_DIM) and stats = (maximum, sum); attn_combine joins them.
// Grid: (KV heads * parts, splits, column tiles). A split past the head's rows returns at once (SECOND: with empty stats).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/unpack.glsl"
#include "shaders/common/reduce.glsl"
#include "shaders/shared/attention.h"
layout(constant_id = 1) const uint KEY = 1u;
layout(constant_id = 2) const uint VALUE = 1u;
layout(constant_id = 3) const uint KEY_DIM = 32u;
layout(constant_id = 4) const uint GROUP = 1u;
layout(constant_id = 5) const uint QTILE = 1u;
layout(constant_id = 6) const uint CHUNK = 32u;
layout(constant_id = 7) const uint EIGHTS = 0u;  // 1: a lane takes runs of 8 dimensions of values, 0: of 4
layout(constant_id = 8) const uint VALUE_DIM = 32u;
layout(constant_id = 9) const uint SHARED = 0u;
layout(constant_id = 10) const uint GATHER = 0u;
layout(constant_id = 11) const uint SOFTCAP = 0u;
layout(constant_id = 12) const uint SECOND = 0u;  // this stream's splits follow another's
#include "shaders/common/cache.glsl"
#define ROWS_LOAD
#define PAGES_IN 3
#include "shaders/encode/rows.glsl"
#include "shaders/common/visible.glsl"
layout(std430, set = 0, binding = 4) readonly buffer Query { vec4 query[]; };
layout(std430, set = 0, binding = 5) writeonly buffer Partial { vec4 partial[]; };
layout(std430, set = 0, binding = 6) writeonly buffer Stats { vec2 stats[]; };
layout(std430, set = 0, binding = 7) readonly buffer Lists { uint lists[]; };
const uint VALUE_STRIDE = SHARED == 1u ? KEY_DIM : VALUE_DIM;
const uint SLOTS = GROUP * QTILE;
const float NONE = -3.0e38;
shared float weightsOf[kMaxQuerySlots * kSplitRows];

vec4 queryLoad(uint slot, uint quad) {
    uint head = gl_WorkGroupID.x * GROUP + slot % GROUP;
    uint column = pc.column + gl_WorkGroupID.z * QTILE + slot / GROUP;
    uint at = (pc.queryOffset + column * pc.queryStride + head * KEY_DIM) / 4u + quad;
    KVS_UNIFORM(kCatActivations, 4u, at * 4u, 4u);
    return query[at];
}

uint outRow(uint slot) {
    uint head = gl_WorkGroupID.x * GROUP + slot % GROUP;
    uint column = pc.column + gl_WorkGroupID.z * QTILE + slot / GROUP;
    return (column * pc.heads + head) * pc.splits + pc.splitBase + gl_WorkGroupID.y;
}

uint listAt(uint i) {
    KVS_LANE(kCatIndex, 7u, (pc.column + gl_WorkGroupID.z) * pc.listStride + i, 1u);
    return lists[(pc.column + gl_WorkGroupID.z) * pc.listStride + i];
}

// The page of slot `slot`, which lies `ahead` slots behind one whose page is the same for all lanes.
uint pageOfSlot(uint table, uint slot, uint ahead) {
    if (GATHER == 1u) {
        KVS_LANE(kCatIndex, 1u, table + slot / kPageRows, 1u);
        return cacheIndex[table + slot / kPageRows];
    }
    return pageOf(table, slot - ahead);
}

void scoreRow(uint table, uint slotIndex, uint r, uint p[SLOTS], inout float largest[SLOTS]) {
    uint page = pageOfSlot(table, slotIndex, gl_LocalInvocationID.x);
    uint row = slotIndex % kPageRows;
    uint k = positionOf(page, row);
    float dots[SLOTS];
    [[unroll]] for (uint s = 0u; s < SLOTS; ++s) dots[s] = 0.0;
    [[dont_unroll]] for (uint c = 0u; c < KEY_DIM / CHUNK; ++c) {
        vec4 v[8];
        rowChunk(KEY, page * pc.pageWords, KEY_DIM, row, c, v);
        [[unroll]] for (uint s = 0u; s < SLOTS; ++s) {
            vec4 sum = vec4(0.0);
            [[unroll]] for (uint j = 0u; j < CHUNK / 4u; ++j) sum += v[j] * queryLoad(s, c * (CHUNK / 4u) + j);
            dots[s] += (sum.x + sum.y) + (sum.z + sum.w);
        }
    }
    [[unroll]] for (uint s = 0u; s < SLOTS; ++s) {
        float score = dots[s] * pc.scale;
        if (SOFTCAP == 1u) score = pc.softcap * tanh(score / pc.softcap);
        if (!visible(p[s], k)) score = NONE;
        weightsOf[s * kSplitRows + r] = score;
        largest[s] = max(largest[s], score);
    }
}

void softmaxRows(uint skip, uint rows, inout float largest[SLOTS]) {
    [[unroll]] for (uint s = 0u; s < SLOTS; ++s) {
        float m = wgMax(largest[s]);
        float sum = 0.0;
        for (uint r = skip + gl_LocalInvocationID.x; r < rows; r += LOCAL) {
            float score = weightsOf[s * kSplitRows + r];
            float w = score > NONE ? exp(score - m) : 0.0;
            weightsOf[s * kSplitRows + r] = w;
            sum += w;
        }
        sum = wgAdd(sum);
        if (gl_LocalInvocationID.x == 0u) {
            KVS_STORE(kCatActivations, 8u);
            stats[outRow(s)] = vec2(m, sum);
        }
    }
}

void addRow(uint base, uint row, uint run, uint r, inout vec4 low[SLOTS], inout vec4 high[SLOTS]) {
    vec4 a, b;
    if (EIGHTS == 1u) {
        rowEight(VALUE, base, VALUE_STRIDE, row, run, a, b);
    } else {
        a = rowQuad(VALUE, base, VALUE_STRIDE, row, run);
    }
    [[unroll]] for (uint s = 0u; s < SLOTS; ++s) {
        float w = weightsOf[s * kSplitRows + r];
        low[s] += a * w;
        if (EIGHTS == 1u) high[s] += b * w;
    }
}

void sumValues(uint table, uint first, uint skip, uint rows) {
    const uint RUN = EIGHTS == 1u ? 8u : 4u;
    for (uint run = gl_LocalInvocationID.x; run < VALUE_DIM / RUN; run += LOCAL) {
        vec4 low[SLOTS];
        vec4 high[SLOTS];
        [[unroll]] for (uint s = 0u; s < SLOTS; ++s) {
            low[s] = vec4(0.0);
            high[s] = vec4(0.0);
        }
        if (GATHER == 1u) {
            [[dont_unroll]] for (uint r = 0u; r < rows; ++r) {
                uint slot = listAt(1u + first + r);
                uint base = pageOfSlot(table, slot, 0u) * pc.pageWords + pc.valueOffset;
                addRow(base, slot % kPageRows, run, r, low, high);
            }
        } else {
            [[dont_unroll]] for (uint from = skip; from < rows; from += kPageRows) {
                uint base = pageOf(table, first + from) * pc.pageWords + pc.valueOffset;
                uint count = min(kPageRows, rows - from);
                [[dont_unroll]] for (uint row = 0u; row < count; ++row) addRow(base, row, run, from + row, low, high);
            }
        }
        [[unroll]] for (uint s = 0u; s < SLOTS; ++s) {
            uint at = outRow(s) * (VALUE_DIM / 4u) + run * (RUN / 4u);
            partial[at] = low[s];
            if (EIGHTS == 1u) partial[at + 1u] = high[s];
            KVS_STORE(kCatActivations, 4u * RUN);
        }
    }
}

void emptySplit() {
    if (SECOND == 0u || gl_LocalInvocationID.x != 0u) return;
    [[unroll]] for (uint s = 0u; s < SLOTS; ++s) {
        KVS_STORE(kCatActivations, 8u);
        stats[outRow(s)] = vec2(NONE, 0.0);
    }
}

void main() {
    uint column = pc.column + gl_WorkGroupID.z * QTILE;
    uint head = columnSequence(column) * pc.headStride + pc.headBase + gl_WorkGroupID.x / pc.parts;
    uint count = GATHER == 1u ? listAt(0u) : rowCount(head);
    uint gone = GATHER == 1u ? 0u : firstSlot(pc.firstBase, head);
    uint first = (gone / kSplitRows + gl_WorkGroupID.y) * kSplitRows;
    if (first >= count) {
        emptySplit();
        return;
    }
    uint rows = min(kSplitRows, count - first);
    uint skip = gone > first ? gone - first : 0u;  // whole pages
    uint table = pc.tableBase + head * pc.tableStride;
    uint p[SLOTS];
    float largest[SLOTS];
    [[unroll]] for (uint s = 0u; s < SLOTS; ++s) {
        p[s] = columnPosition(column + s / GROUP);
        largest[s] = NONE;
    }
    for (uint r = skip + gl_LocalInvocationID.x; r < rows; r += LOCAL) {
        uint slot = GATHER == 1u ? listAt(1u + first + r) : first + r;
        scoreRow(table, slot, r, p, largest);
    }
    softmaxRows(skip, rows, largest);
    wgBarrier();
    sumValues(table, first, skip, rows);
}
