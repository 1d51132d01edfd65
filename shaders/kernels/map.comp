// SPDX-License-Identifier: Apache-2.0
#version 460
// Element by element over columns: see kMap… in constants.h. Grid: (width / LOCAL, columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/common/activate.glsl"
#include "shaders/shared/map.h"
layout(constant_id = 1) const uint KIND = 0u;
layout(std430, set = 0, binding = 0) readonly buffer A { float a[]; };
layout(std430, set = 0, binding = 1) readonly buffer B { float b[]; };
layout(std430, set = 0, binding = 2) readonly buffer Gain { float gain[]; };
layout(std430, set = 0, binding = 3) writeonly buffer Out { float result[]; };
const bool TWO = KIND == kMapAdd || KIND == kMapSubtract || KIND == kMapMultiply || KIND == kMapSiluMultiply ||
                 KIND == kMapGeluMultiply;

float aLoad(uint at) {
    KVS_LANE(kCatActivations, 0u, at, 1u);
    return a[at];
}
float bLoad(uint at) {
    KVS_LANE(kCatActivations, 1u, at, 1u);
    return b[at];
}
float gainLoad(uint at) {
    KVS_LANE(kCatWeights, 2u, at, 1u);
    return gain[at];
}

// t - t²/2 + t³/3 where 1 + t would lose t's digits
float softplusOf(float x) {
    float t = exp(-abs(x));
    return max(x, 0.0) + (t < 0.01 ? t * (1.0 - t * (0.5 - t / 3.0)) : log(1.0 + t));
}

void main() {
    uint i = gl_GlobalInvocationID.x;
    uint column = gl_WorkGroupID.y;
    if (i >= pc.width) return;
    uint from = KIND == kMapSoftplus ? i / uint(pc.constant) : i;
    float x = aLoad(pc.aOffset + column * pc.aStride + from);
    float y = TWO ? bLoad(pc.bOffset + column * pc.bStride + i) : 0.0;
    float value = 0.0;
    if (KIND == kMapAdd) value = pc.constant * (x + y);
    if (KIND == kMapSubtract) value = x - y;
    if (KIND == kMapScale) value = pc.constant * x;
    if (KIND == kMapMultiply) value = x * y;
    if (KIND == kMapSiluMultiply) value = siluOf(x) * y;
    if (KIND == kMapGeluMultiply) value = geluOf(x) * y;
    if (KIND == kMapGain) value = x * gainLoad(pc.gainOffset + i % pc.gainWidth);
    if (KIND == kMapTanh) value = tanhOf(pc.constant * x);
    if (KIND == kMapSoftcap) value = pc.constant * tanhOf(x / pc.constant);
    if (KIND == kMapSoftplus) value = softplusOf(x);
    KVS_STORE(kCatActivations, 4u);
    result[pc.outOffset + column * pc.outStride + i] = value;
}
