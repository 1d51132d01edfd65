// SPDX-License-Identifier: Apache-2.0
// Super-blocks of 256: x = d sc q - dmin mn, sc and mn for 32 values. Sections: 0 nibbles (128 B), 1 d and dmin (halves)
// and twelve bytes of sc and mn in six bits (16 B)
vec2 stepAndMinimum(uvec4 head, uint group) {
    uvec3 b = (head.yzw >> ((group & 3u) * 8u)) & 0xFFu;
    uvec2 whole = group < 4u ? b.xy & 63u : uvec2((b.z & 15u) | ((b.x >> 6u) << 4u), (b.z >> 4u) | ((b.y >> 6u) << 4u));
    return unpackHalf2x16(head.x) * vec2(whole);
}
void weightQ4_K(uint block, out vec4 q[8], out float d, out float m) {
    uint super = block >> 3u;
    uint group = block & 7u;
    uint at = pc.section0 / 4u + super * 8u + (group >> 1u) * 2u;
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uvec4 w = weightLoad4(at + j);
        [[unroll]] for (uint i = 0u; i < 4u; ++i) q[4u * j + i] = unpackNibbles(w[i], (group & 1u) * 4u);
    }
    vec2 both = stepAndMinimum(weightLoad4(pc.section1 / 4u + super), group);
    d = both.x;
    m = -both.y;
}
