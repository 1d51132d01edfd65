// SPDX-License-Identifier: Apache-2.0
#version 460
// Streams mixed by coefficients of the column: out[i] = (IDENTITY ? in[i] : 0) + sum_j M[i, j] in[j]
// + (ADDEND ? (P[i] + addBias) addend : 0). One lane an element of all streams, so out may be in. Inputs are summed in
// order. Grid: (width / LOCAL, columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/shared/stream_mix.h"
layout(constant_id = 1) const uint INPUTS = 1u;
layout(constant_id = 2) const uint OUTPUTS = 1u;
layout(constant_id = 3) const bool IDENTITY = false;
layout(constant_id = 4) const bool ADDEND = false;
layout(constant_id = 5) const bool MATRIX = true;
layout(constant_id = 6) const bool ADD_TO = false;
layout(std430, set = 0, binding = 0) readonly buffer In { float x[]; };
layout(std430, set = 0, binding = 1) readonly buffer Coefficients { float coefficients[]; };
layout(std430, set = 0, binding = 2) readonly buffer Addend { float addend[]; };
layout(std430, set = 0, binding = 3) buffer Out { float result[]; };

float coefficient(uint i) {
    uint at = pc.coefficientOffset + gl_WorkGroupID.y * pc.coefficientStride + i;
    KVS_UNIFORM(kCatActivations, 1u, at, 1u);
    return coefficients[at];
}
float load(uint at) {
    KVS_LANE(kCatActivations, 0u, at, 1u);
    return x[at];
}

void main() {
    uint e = gl_GlobalInvocationID.x;
    uint column = gl_WorkGroupID.y;
    if (e >= pc.width) return;
    float values[INPUTS];
    for (uint j = 0u; j < INPUTS; ++j) values[j] = load(pc.inOffset + column * pc.inStride + j * pc.width + e);
    float added = 0.0;
    if (ADDEND) {
        uint at = pc.addendOffset + column * pc.addendStride + e;
        KVS_LANE(kCatActivations, 2u, at, 1u);
        added = addend[at];
    }
    for (uint i = 0u; i < OUTPUTS; ++i) {
        float sum = IDENTITY ? values[i] : 0.0;
        if (MATRIX) {
            for (uint j = 0u; j < INPUTS; ++j) {
                sum += coefficient(pc.matrix + i * pc.rowStep + j * pc.columnStep) * values[j];
            }
        }
        if (ADDEND) sum += (coefficient(pc.vector + i) + pc.addBias) * added;
        uint at = pc.outOffset + column * pc.outStride + i * pc.width + e;
        if (ADD_TO) {
            KVS_LANE(kCatActivations, 3u, at, 1u);
            sum += result[at];
        }
        KVS_STORE(kCatActivations, 4u);
        result[at] = sum;
    }
}
