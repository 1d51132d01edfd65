// SPDX-License-Identifier: Apache-2.0
#version 460
// out(rows, columns) = W(rows, n) x(n, columns), W read as stored. One invocation computes ROWS rows of COLS columns:
// x is read at addresses that are uniform over the subgroup, weights 16 bytes at a time. Each output element is summed
// in the same order for every COLS (run after run; inside a run four interleaved sums), so that one column and many give
// the same bits. Grid: (ceil(rows / (ROWS * LOCAL)), columns / COLS).
// EXPERT: group k of a column takes the matrix of the k-th expert that `route` names for it (COLS is 1).
// Gated: rows of the gate and of the up projection lie pc.rows apart; an invocation takes ROWS / 2 of each.
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/unpack.glsl"
#include "shaders/common/activate.glsl"
#include "shaders/shared/mat_mul.h"
#include "shaders/encode/weights.glsl"
layout(constant_id = 2) const uint COLS = 1u;
layout(constant_id = 3) const uint MODE = 0u;
layout(constant_id = 4) const bool BIAS = false;
layout(constant_id = 5) const uint ACTIVATION = 0u;
layout(constant_id = 6) const bool CLAMP = false;
layout(constant_id = 7) const bool EXPERT = false;
const uint ROWS = 4u;
const uint MAX_COLS = 8u;
layout(std430, set = 0, binding = 1) readonly buffer In { vec4 x[]; };
layout(std430, set = 0, binding = 2) buffer Out { float result[]; };
layout(std430, set = 0, binding = 3) readonly buffer Bias { float bias[]; };
layout(std430, set = 0, binding = 4) readonly buffer Route { float route[]; };

vec4 inputLoad(uint column, uint quad) {
    uint at = (pc.inOffset + column * pc.inStride + gl_WorkGroupID.z * pc.inStep) / 4u + quad;
    KVS_UNIFORM(kCatActivations, 1u, at * 4u, 4u);
    return x[at];
}

uint rowOf(uint lane, uint r) {
    if (MODE == kGated) return lane * (ROWS / 2u) + (r & 1u) + (r >> 1u) * pc.rows;
    return lane * ROWS + r;
}

void emit(uint row, uint column, float value) {
    uint at = pc.outOffset + column * pc.outStride + gl_WorkGroupID.z * pc.outStep + row;
    if (BIAS) {
        KVS_LANE(kCatWeights, 3u, pc.biasOffset + row, 1u);
        value += bias[pc.biasOffset + row];
    }
    if (MODE == kAdd) {
        KVS_LANE(kCatActivations, 2u, at, 1u);
        value += result[at];
    }
    KVS_STORE(kCatActivations, 4u);
    result[at] = value;
}

void main() {
    uint lane = gl_GlobalInvocationID.x;
    uint perLane = MODE == kGated ? ROWS / 2u : ROWS;
    if (lane * perLane >= pc.rows) return;
    uint column = pc.colBegin + gl_WorkGroupID.y * COLS;
    uint block = gl_WorkGroupID.z;
    if (EXPERT) {
        uint at = pc.routeOffset + column * pc.routeStride + block;
        KVS_UNIFORM(kCatActivations, 4u, at, 1u);
        uint expert = uint(route[at]);
        if (expert < pc.expertBegin || expert - pc.expertBegin >= pc.expertCount) return;
        block = expert - pc.expertBegin;
    }
    uint first = block * pc.rows * (MODE == kGated ? 2u : 1u);
    uint row[ROWS];
    [[unroll]] for (uint r = 0u; r < ROWS; ++r) {
        uint last = MODE == kGated ? pc.rows - 1u + (r >> 1u) * pc.rows : pc.rows - 1u;
        row[r] = min(rowOf(lane, r), last);
    }
    precise float sum[ROWS][MAX_COLS];
    [[unroll]] for (uint r = 0u; r < ROWS; ++r) {
        [[unroll]] for (uint c = 0u; c < COLS; ++c) sum[r][c] = 0.0;
    }
    for (uint b = 0u; b < pc.blocks; ++b) {
        vec4 q[ROWS][8];
        float d[ROWS];
        float m[ROWS];
        [[unroll]] for (uint r = 0u; r < ROWS; ++r) weightBlock((first + row[r]) * pc.blocks + b, q[r], d[r], m[r]);
        [[unroll]] for (uint c = 0u; c < COLS; ++c) {
            vec4 dots[ROWS];
            vec4 total = vec4(0.0);
            [[unroll]] for (uint r = 0u; r < ROWS; ++r) dots[r] = vec4(0.0);
            [[unroll]] for (uint j = 0u; j < 8u; ++j) {
                vec4 v = inputLoad(column + c, b * 8u + j);
                [[unroll]] for (uint r = 0u; r < ROWS; ++r) dots[r] += q[r][j] * v;
                if (WEIGHT_HAS_MINIMUM) total += v;
            }
            [[unroll]] for (uint r = 0u; r < ROWS; ++r) {
                float dot4 = (dots[r].x + dots[r].y) + (dots[r].z + dots[r].w);
                sum[r][c] += d[r] * dot4;
                if (WEIGHT_HAS_MINIMUM) sum[r][c] += m[r] * ((total.x + total.y) + (total.z + total.w));
            }
        }
    }
    [[unroll]] for (uint c = 0u; c < COLS; ++c) {
        if (MODE == kGated) {
            [[unroll]] for (uint r = 0u; r < 2u; ++r) {
                float g = sum[r][c] * pc.scale;
                float u = sum[r + 2u][c] * pc.scale;
                if (CLAMP) {
                    g = min(g, pc.clampAt);
                    u = clamp(u, -pc.clampAt, pc.clampAt);
                }
                if (rowOf(lane, r) < pc.rows) emit(row[r], column + c, activated(ACTIVATION, g) * u);
            }
        } else {
            [[unroll]] for (uint r = 0u; r < ROWS; ++r) {
                if (rowOf(lane, r) < pc.rows) emit(row[r], column + c, sum[r][c] * pc.scale);
            }
        }
    }
}
