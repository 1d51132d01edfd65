// SPDX-License-Identifier: Apache-2.0
#version 460
// Coefficients of hyper-connections, a lane a column. Sublayer (MIXING): in and out are pre (n), post (n) and the mixing
// matrix B[src][dst] (n * n), which is made doubly stochastic by Sinkhorn steps; else the n weights of the output head.
// Grid: (columns / LOCAL).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/shared/hyper.h"
layout(constant_id = 1) const uint STREAMS = 4u;
layout(constant_id = 2) const bool MIXING = true;
layout(std430, set = 0, binding = 0) readonly buffer In { float x[]; };
layout(std430, set = 0, binding = 1) readonly buffer Base { float base[]; };
layout(std430, set = 0, binding = 2) readonly buffer Scale { float scale[]; };
layout(std430, set = 0, binding = 3) writeonly buffer Out { float result[]; };

float raw(uint column, uint i, uint part) {
    uint at = pc.inOffset + column * pc.inStride + i;
    KVS_LANE(kCatActivations, 0u, at, 1u);
    KVS_LANE(kCatWeights, 1u, pc.baseOffset + i, 1u);
    KVS_LANE(kCatWeights, 2u, pc.scaleOffset + part, 1u);
    return x[at] * scale[pc.scaleOffset + part] + base[pc.baseOffset + i];
}
void store(uint column, uint i, float value) {
    KVS_STORE(kCatActivations, 4u);
    result[pc.outOffset + column * pc.outStride + i] = value;
}
float sigmoid(float v) { return 1.0 / (1.0 + exp(-v)); }

void main() {
    uint column = gl_GlobalInvocationID.x;
    if (column >= pc.columns) return;
    for (uint i = 0u; i < STREAMS; ++i) store(column, i, sigmoid(raw(column, i, 0u)) + pc.eps);
    if (!MIXING) return;
    for (uint i = STREAMS; i < 2u * STREAMS; ++i) store(column, i, 2.0 * sigmoid(raw(column, i, 1u)));
    float mixing[STREAMS * STREAMS];  // src * STREAMS + dst
    for (uint src = 0u; src < STREAMS; ++src) {
        float largest = -3.0e38;
        for (uint dst = 0u; dst < STREAMS; ++dst) {
            mixing[src * STREAMS + dst] = raw(column, 2u * STREAMS + src * STREAMS + dst, 2u);
            largest = max(largest, mixing[src * STREAMS + dst]);
        }
        float sum = 0.0;
        for (uint dst = 0u; dst < STREAMS; ++dst) {
            mixing[src * STREAMS + dst] = exp(mixing[src * STREAMS + dst] - largest);
            sum += mixing[src * STREAMS + dst];
        }
        for (uint dst = 0u; dst < STREAMS; ++dst) mixing[src * STREAMS + dst] = mixing[src * STREAMS + dst] / sum + pc.eps;
    }
    for (uint step = 0u; step < pc.iterations; ++step) {
        for (uint src = 0u; src < STREAMS && step > 0u; ++src) {
            float sum = pc.eps;
            for (uint dst = 0u; dst < STREAMS; ++dst) sum += mixing[src * STREAMS + dst];
            for (uint dst = 0u; dst < STREAMS; ++dst) mixing[src * STREAMS + dst] /= sum;
        }
        for (uint dst = 0u; dst < STREAMS; ++dst) {
            float sum = pc.eps;
            for (uint src = 0u; src < STREAMS; ++src) sum += mixing[src * STREAMS + dst];
            for (uint src = 0u; src < STREAMS; ++src) mixing[src * STREAMS + dst] /= sum;
        }
    }
    for (uint i = 0u; i < STREAMS * STREAMS; ++i) store(column, 2u * STREAMS + i, mixing[i]);
}
