// SPDX-License-Identifier: Apache-2.0
#version 460
// Error of one column's attention, per query head, against exact attention for the same query over the exact rows that
// were kept aside in f32. Includes nothing of shaders/encode: it shares no code with what it judges.
// Record (kErrorWords floats): |out - exact|^2, |exact|^2, |out|^2, out.exact, mass recall (exact softmax mass on the
// rows read), KL(approximate || exact) in nats, rows seen by exact attention, log-sum-exp of the exact scores.
// Grid: (query heads). Exact rows: (position, KV head, key | value), f32, keys after RoPE.
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/reduce.glsl"
#include "shaders/shared/attention.h"
layout(constant_id = 1) const uint HEAD_DIM = 32u;
layout(constant_id = 2) const uint GROUP = 1u;
#include "shaders/common/cache.glsl"
layout(std430, set = 0, binding = 3) readonly buffer Exact { vec4 exact[]; };
layout(std430, set = 0, binding = 4) readonly buffer Query { vec4 query[]; };
layout(std430, set = 0, binding = 5) readonly buffer Scores { float approximate[]; };
layout(std430, set = 0, binding = 6) buffer ExactScores { float scores[]; };
layout(std430, set = 0, binding = 7) readonly buffer Out { float attention[]; };
layout(std430, set = 0, binding = 8) writeonly buffer Records { float records[]; };
layout(std430, set = 0, binding = 9) writeonly buffer Taps { vec4 taps[]; };  // (record, query | output)
const uint QUADS = HEAD_DIM / 4u;
const float NONE = -3.0e38;

uint exactRow(uint position) { return (position * pc.kvHeads + gl_WorkGroupID.x / GROUP) * 2u * QUADS; }

// Scores of all positions a query sees; returns (maximum, sum of exponentials).
vec2 exactScores(uint p) {
    uint at = (pc.queryOffset + pc.column * pc.queryStride + gl_WorkGroupID.x * HEAD_DIM) / 4u;
    float largest = NONE;
    for (uint k = gl_LocalInvocationID.x; k <= p; k += LOCAL) {
        float sum = 0.0;
        for (uint j = 0u; j < QUADS; ++j) sum += dot(exact[exactRow(k) + j], query[at + j]);
        float score = pc.nativeWindow == 0u || p - k < pc.nativeWindow ? sum * pc.scale : NONE;
        scores[gl_WorkGroupID.x * pc.exactRows + k] = score;
        largest = max(largest, score);
    }
    float m = wgMax(largest);
    float total = 0.0;
    for (uint k = gl_LocalInvocationID.x; k <= p; k += LOCAL) {
        total += exp(scores[gl_WorkGroupID.x * pc.exactRows + k] - m);
    }
    return vec2(m, wgAdd(total));
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

// (|out - exact|^2, |exact|^2, |out|^2, out.exact), a lane a run of four dimensions.
vec4 compareOutputs(uint p, float logExact) {
    vec4 sums = vec4(0.0);
    for (uint quad = gl_LocalInvocationID.x; quad < QUADS; quad += LOCAL) {
        vec4 reference = vec4(0.0);
        for (uint k = 0u; k <= p; ++k) {
            float w = exp(scores[gl_WorkGroupID.x * pc.exactRows + k] - logExact);
            reference += w * exact[exactRow(k) + QUADS + quad];
        }
        uint at = pc.outOffset + pc.column * pc.outStride + gl_WorkGroupID.x * HEAD_DIM + quad * 4u;
        vec4 approx = vec4(attention[at], attention[at + 1u], attention[at + 2u], attention[at + 3u]);
        uint tap = (pc.record + gl_WorkGroupID.x) * 2u * QUADS + quad;
        taps[tap] = query[(pc.queryOffset + pc.column * pc.queryStride + gl_WorkGroupID.x * HEAD_DIM) / 4u + quad];
        taps[tap + QUADS] = approx;
        vec4 difference = approx - reference;
        sums += vec4(dot(difference, difference), dot(reference, reference), dot(approx, approx), dot(approx, reference));
    }
    return vec4(wgAdd(sums.x), wgAdd(sums.y), wgAdd(sums.z), wgAdd(sums.w));
}

void main() {
    uint p = columnPosition(pc.column);
    uint head = columnSequence(pc.column) * pc.headStride + pc.headBase + gl_WorkGroupID.x / GROUP;
    vec2 both = exactScores(p);
    float logExact = both.x + log(both.y);
    wgBarrier();
    vec2 weights = compareWeights(head, logExact);
    vec4 outputs = compareOutputs(p, logExact);
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
