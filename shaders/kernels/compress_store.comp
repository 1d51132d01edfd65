// SPDX-License-Identifier: Apache-2.0
#version 460
// Puts a compressor's values and gates (with the position's offset, ape[:, position mod ratio]) of this step's tokens into
// the ring of their sequence: (sequence, position mod ring, value | gate). Grid: (channels / LOCAL, columns).
#include "shaders/common/prelude.glsl"
#include "shaders/shared/constants.h"
#include "shaders/common/traffic.glsl"
#include "shaders/shared/compress.h"
layout(constant_id = 1) const bool OVERLAP = false;
layout(std430, set = 0, binding = 0) readonly buffer Columns { uint columns[]; };
layout(std430, set = 0, binding = 1) readonly buffer Value { float values[]; };
layout(std430, set = 0, binding = 2) readonly buffer Gate { float gates[]; };
layout(std430, set = 0, binding = 3) readonly buffer Ape { float ape[]; };
layout(std430, set = 0, binding = 4) writeonly buffer Ring { float ring[]; };

void main() {
    uint channel = gl_GlobalInvocationID.x;
    uint column = gl_WorkGroupID.y;
    uint channels = pc.width * (OVERLAP ? 2u : 1u);
    if (channel >= channels) return;
    KVS_UNIFORM(kCatIndex, 0u, column * kColumnWords + 1u, 2u);
    uint position = columns[column * kColumnWords + 1u];
    uint sequence = columns[column * kColumnWords + 2u];
    uint at = (sequence * pc.ring + position % pc.ring) * 2u * channels + channel;
    KVS_LANE(kCatActivations, 1u, pc.valueOffset + column * pc.valueStride + channel, 1u);
    KVS_LANE(kCatActivations, 2u, pc.gateOffset + column * pc.gateStride + channel, 1u);
    KVS_LANE(kCatWeights, 3u, pc.apeOffset + position % pc.ratio * channels + channel, 1u);
    KVS_STORE(kCatIndex, 8u);
    ring[at] = values[pc.valueOffset + column * pc.valueStride + channel];
    ring[at + channels] = gates[pc.gateOffset + column * pc.gateStride + channel] +
                          ape[pc.apeOffset + position % pc.ratio * channels + channel];
}
