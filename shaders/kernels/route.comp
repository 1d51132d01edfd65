// SPDX-License-Identifier: Apache-2.0
#version 460
// Chooses experts, a lane a column: `used` ids (as numbers), then as many weights. Selection by score + bias (ties: lower
// id), weights from the scores alone. With TABLE the ids come from a table by token. Grid: (columns / LOCAL).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/shared/route.h"
layout(constant_id = 1) const uint GATING = 1u;
layout(constant_id = 2) const bool BIAS = false;
layout(constant_id = 3) const bool TABLE = false;
layout(constant_id = 4) const bool GAIN = false;
layout(std430, set = 0, binding = 0) readonly buffer Columns { uint columns[]; };
layout(std430, set = 0, binding = 1) readonly buffer In { float x[]; };
layout(std430, set = 0, binding = 2) readonly buffer Bias { float bias[]; };
layout(std430, set = 0, binding = 3) readonly buffer Table { uint table[]; };
layout(std430, set = 0, binding = 4) readonly buffer Gain { float gain[]; };
layout(std430, set = 0, binding = 5) buffer Out { float result[]; };
const float NONE = -3.0e38;
const uint MAX_GROUPS = 32u;

float logit(uint column, uint e) {
    uint at = pc.inOffset + column * pc.inStride + e;
    KVS_LANE(kCatActivations, 1u, at, 1u);
    return x[at];
}
// The score of an expert; `softmax` = (largest logit, sum of exponentials).
float score(uint column, uint e, vec2 softmax) {
    float v = logit(column, e);
    if (GATING == kGateSoftmax) return exp(v - softmax.x) / softmax.y;
    if (GATING == kGateSigmoid) return 1.0 / (1.0 + exp(-v));
    if (GATING == kGateSoftplus) {
        float e = exp(-abs(v));  // log(1 + e) by its series where 1 + e would lose it
        return sqrt(max(v, 0.0) + (e < 1.0e-3 ? e * (1.0 - e * (0.5 - e / 3.0)) : log(1.0 + e)));
    }
    return v;
}
float selection(uint column, uint e, vec2 softmax) {
    float s = score(column, e, softmax);
    if (BIAS) {
        KVS_LANE(kCatWeights, 2u, pc.biasOffset + e, 1u);
        s += bias[pc.biasOffset + e];
    }
    return s;
}
// One bit for each group that may be chosen from: those with the largest sums of their two best.
uint allowedGroups(uint column, vec2 softmax) {
    if (pc.groups <= 1u) return 0xFFFFFFFFu;
    float best[MAX_GROUPS];
    uint size = pc.experts / pc.groups;
    for (uint g = 0u; g < pc.groups; ++g) {
        float first = NONE;
        float second = NONE;
        for (uint e = g * size; e < (g + 1u) * size; ++e) {
            float s = selection(column, e, softmax);
            if (s > first) {
                second = first;
                first = s;
            } else {
                second = max(second, s);
            }
        }
        best[g] = size > 1u ? first + second : first;
    }
    uint allowed = 0u;
    for (uint k = 0u; k < pc.groupsUsed; ++k) {
        uint chosen = 0u;
        float largest = NONE;
        for (uint g = 0u; g < pc.groups; ++g) {
            if ((allowed & (1u << g)) == 0u && best[g] > largest) {
                largest = best[g];
                chosen = g;
            }
        }
        allowed |= 1u << chosen;
    }
    return allowed;
}

void main() {
    uint column = gl_GlobalInvocationID.x;
    if (column >= pc.columns) return;
    uint out0 = pc.outOffset + column * pc.outStride;
    vec2 softmax = vec2(NONE, 0.0);
    if (GATING == kGateSoftmax) {
        for (uint e = 0u; e < pc.experts; ++e) softmax.x = max(softmax.x, logit(column, e));
        for (uint e = 0u; e < pc.experts; ++e) softmax.y += exp(logit(column, e) - softmax.x);
    }
    uint allowed = TABLE ? 0u : allowedGroups(column, softmax);
    uint size = pc.experts / max(pc.groups, 1u);
    float last = 3.0e38;
    uint lastId = 0u;
    float sum = 0.0;
    float top = NONE;
    for (uint k = 0u; k < pc.used; ++k) {
        uint chosen = 0u;
        if (TABLE) {
            KVS_LANE(kCatIndex, 0u, column * kColumnWords, 1u);
            uint at = columns[column * kColumnWords] * pc.used + k;
            KVS_LANE(kCatWeights, 3u, at, 1u);
            chosen = min(table[at], pc.experts - 1u);
        } else {
            float largest = NONE;
            for (uint e = 0u; e < pc.experts; ++e) {
                if ((allowed & (1u << (e / size & 31u))) == 0u && pc.groups > 1u) continue;
                float s = selection(column, e, softmax);
                bool after = k == 0u || s < last || (s == last && e > lastId);
                if (after && s > largest) {
                    largest = s;
                    chosen = e;
                }
            }
            last = largest;
            lastId = chosen;
        }
        float w = score(column, chosen, softmax);
        top = max(top, w);
        sum += w;
        KVS_STORE(kCatActivations, 8u);
        result[out0 + k] = float(chosen);
        result[out0 + pc.used + k] = w;
    }
    if (GATING == kGateSelected) {
        sum = 0.0;
        for (uint k = 0u; k < pc.used; ++k) sum += exp(result[out0 + pc.used + k] - top);
    }
    for (uint k = 0u; k < pc.used; ++k) {
        KVS_LANE(kCatActivations, 5u, out0 + pc.used + k, 1u);
        float w = result[out0 + pc.used + k];
        if (GATING == kGateSelected) w = exp(w - top) / sum;
        if (pc.normalise == 1u && GATING != kGateSelected) w /= max(sum, 6.103515625e-5);
        w *= pc.scale;
        if (GAIN) {
            uint id = uint(result[out0 + k]);
            KVS_LANE(kCatWeights, 4u, pc.gainOffset + id, 1u);
            w *= gain[pc.gainOffset + id];
        }
        KVS_STORE(kCatActivations, 4u);
        result[out0 + pc.used + k] = w;
    }
}
