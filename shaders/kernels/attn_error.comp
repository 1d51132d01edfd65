// SPDX-License-Identifier: Apache-2.0
#version 460
// Error of one column's attention, per query head, against exact attention for the same query over the exact rows that
// were kept aside in f32. Includes nothing of shaders/encode: it shares no code with what it judges.
// Record (kErrorWords floats): |out - exact|^2, |exact|^2, |out|^2, out.exact, mass recall (exact softmax mass on the
// rows read), KL(approximate || exact) in nats, rows seen by exact attention, log-sum-exp of the exact scores.
// A sink takes part in the outputs, and in no distribution over rows: recall and KL are of the rows alone. Grid: (query heads). Exact rows: (position, KV head, key | value), f32, keys after RoPE;
// with SHARED there are keys alone, and the value is the first VALUE_DIM values of the key.
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/reduce.glsl"
#include "shaders/shared/attention.h"
layout(constant_id = 1) const uint KEY_DIM = 32u;
layout(constant_id = 2) const uint GROUP = 1u;
layout(constant_id = 3) const uint VALUE_DIM = 32u;
layout(constant_id = 4) const uint SHARED = 0u;
layout(constant_id = 5) const uint SOFTCAP = 0u;
layout(constant_id = 6) const uint SINKS = 0u;
#include "shaders/common/cache.glsl"
layout(std430, set = 0, binding = 3) readonly buffer Exact { vec4 exact[]; };
layout(std430, set = 0, binding = 4) readonly buffer Query { vec4 query[]; };
layout(std430, set = 0, binding = 5) readonly buffer Scores { float approximate[]; };
layout(std430, set = 0, binding = 6) buffer ExactScores { float scores[]; };
layout(std430, set = 0, binding = 7) readonly buffer Out { float attention[]; };
layout(std430, set = 0, binding = 8) writeonly buffer Records { float records[]; };
layout(std430, set = 0, binding = 9) writeonly buffer Taps { vec4 taps[]; };  // (record, query | output)
layout(std430, set = 0, binding = 10) readonly buffer Sinks { float sinks[]; };
const uint KEY_QUADS = KEY_DIM / 4u;
const uint VALUE_QUADS = VALUE_DIM / 4u;
const uint ROW_QUADS = KEY_QUADS + (SHARED == 1u ? 0u : VALUE_QUADS);
const uint VALUE_AT = SHARED == 1u ? 0u : KEY_QUADS;
const float NONE = -3.0e38;

uint exactRow(uint position) { return (position * pc.kvHeads + gl_WorkGroupID.x / GROUP) * ROW_QUADS; }
float sinkOf() { return SINKS == 1u ? sinks[pc.sinkOffset + gl_WorkGroupID.x] : NONE; }
float capped(float score) { return SOFTCAP == 1u ? pc.softcap * tanh(score / pc.softcap) : score; }

// Scores of all positions a query sees; returns (maximum, sum of the rows' exponentials, the sink's).
vec3 exactScores(uint p) {
    uint at = (pc.queryOffset + pc.column * pc.queryStride + gl_WorkGroupID.x * KEY_DIM) / 4u;
    float largest = sinkOf();
    for (uint k = gl_LocalInvocationID.x; k <= p; k += LOCAL) {
        float sum = 0.0;
        for (uint j = 0u; j < KEY_QUADS; ++j) sum += dot(exact[exactRow(k) + j], query[at + j]);
        float score = pc.nativeWindow == 0u || p - k < pc.nativeWindow ? capped(sum * pc.scale) : NONE;
        scores[gl_WorkGroupID.x * pc.exactRows + k] = score;
        largest = max(largest, score);
    }
    float m = wgMax(largest);
    float total = 0.0;
    for (uint k = gl_LocalInvocationID.x; k <= p; k += LOCAL) {
        total += exp(scores[gl_WorkGroupID.x * pc.exactRows + k] - m);
    }
    float sink = SINKS == 1u ? exp(sinkOf() - m) : 0.0;
    return vec3(m, wgAdd(total), sink);
}

// (mass recall, KL(approximate || exact)) over the rows as stored.
vec2 compareWeights(uint head, float logExact) {
    uint base = gl_WorkGroupID.x * pc.exactRows;
    uint table = pc.tableBase + head * pc.tableStride;
    uint count = rowCount(head);
    float largest = NONE;
    for (uint s = gl_LocalInvocationID.x; s < count; s += LOCAL) largest = max(largest, approximate[base + s]);
    float m = wgMax(largest);
    float total = 0.0;
    for (uint s = gl_LocalInvocationID.x; s < count; s += LOCAL) {
        if (approximate[base + s] > NONE) total += exp(approximate[base + s] - m);
    }
    float logApproximate = m + log(wgAdd(total));
    float recall = 0.0;
    float kl = 0.0;
    for (uint s = gl_LocalInvocationID.x; s < count; s += LOCAL) {
        if (approximate[base + s] <= NONE) continue;
        uint page = cacheIndex[table + s / kPageRows];
        float logP = scores[base + positions[page * kPageRows + s % kPageRows]] - logExact;
        float logQ = approximate[base + s] - logApproximate;
        recall += exp(logP);
        kl += exp(logQ) * (logQ - logP);
    }
    return vec2(wgAdd(recall), wgAdd(kl));
}

// Query and output of a head, for the reference on the host.
uint tapOf() { return pc.tapBase / 4u + gl_WorkGroupID.x * (KEY_QUADS + VALUE_QUADS); }

void tapQuery() {
    uint at = (pc.queryOffset + pc.column * pc.queryStride + gl_WorkGroupID.x * KEY_DIM) / 4u;
    for (uint quad = gl_LocalInvocationID.x; quad < KEY_QUADS; quad += LOCAL) taps[tapOf() + quad] = query[at + quad];
}

// (|out - exact|^2, |exact|^2, |out|^2, out.exact), a lane a run of four dimensions.
vec4 compareOutputs(uint p, float logExact) {
    vec4 sums = vec4(0.0);
    for (uint quad = gl_LocalInvocationID.x; quad < VALUE_QUADS; quad += LOCAL) {
        vec4 reference = vec4(0.0);
        for (uint k = 0u; k <= p; ++k) {
            float w = exp(scores[gl_WorkGroupID.x * pc.exactRows + k] - logExact);
            reference += w * exact[exactRow(k) + VALUE_AT + quad];
        }
        uint at = pc.outOffset + pc.column * pc.outStride + gl_WorkGroupID.x * VALUE_DIM + quad * 4u;
        vec4 approx = vec4(attention[at], attention[at + 1u], attention[at + 2u], attention[at + 3u]);
        taps[tapOf() + KEY_QUADS + quad] = approx;
        vec4 difference = approx - reference;
        sums += vec4(dot(difference, difference), dot(reference, reference), dot(approx, approx), dot(approx, reference));
    }
    return vec4(wgAdd(sums.x), wgAdd(sums.y), wgAdd(sums.z), wgAdd(sums.w));
}

void main() {
    uint p = columnPosition(pc.column);
    uint head = columnSequence(pc.column) * pc.headStride + pc.headBase + gl_WorkGroupID.x / GROUP;
    vec3 sums = exactScores(p);
    float logExact = sums.x + log(sums.y + sums.z);
    wgBarrier();
    vec2 weights = compareWeights(head, sums.x + log(sums.y));
    vec4 outputs = compareOutputs(p, logExact);
    tapQuery();
    if (gl_LocalInvocationID.x == 0u) {
        uint at = (pc.record + gl_WorkGroupID.x) * kErrorWords;
        records[at] = outputs.x;
        records[at + 1u] = outputs.y;
        records[at + 2u] = outputs.z;
        records[at + 3u] = outputs.w;
        records[at + 4u] = weights.x;
        records[at + 5u] = weights.y;
        records[at + 6u] = float(pc.nativeWindow == 0u ? p + 1u : min(p + 1u, pc.nativeWindow));
        records[at + 7u] = logExact;
    }
}
