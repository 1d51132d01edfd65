// SPDX-License-Identifier: Apache-2.0
// Super-blocks of 256: x = d sc q - dmin mn, sc and mn for 32 values. Sections: 0 nibbles, 16 bytes a run (value j low,
// value 16 + j high: engine/kernels/weight_arrange.h), 1 d and dmin (halves) and twelve bytes of sc and mn in six bits
vec2 stepAndMinimum(uvec4 head, uint group) {
    uvec3 b = (head.yzw >> ((group & 3u) * 8u)) & 0xFFu;
    uvec2 whole = group < 4u ? b.xy & 63u : uvec2((b.z & 15u) | ((b.x >> 6u) << 4u), (b.z >> 4u) | ((b.y >> 6u) << 4u));
    return unpackHalf2x16(head.x) * vec2(whole);
}
void weightQ4_K(uint block, out vec4 q[8], out float d, out float m) {
    uvec4 w = weightLoad4(pc.section0 / 4u + block);
    [[unroll]] for (uint j = 0u; j < 4u; ++j) {
        q[j] = unpackNibbles(w[j], 0u);
        q[4u + j] = unpackNibbles(w[j], 4u);
    }
    vec2 both = stepAndMinimum(weightLoad4(pc.section1 / 4u + (block >> 3u)), block & 7u);
    d = both.x;
    m = -both.y;
}
