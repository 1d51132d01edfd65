// SPDX-License-Identifier: Apache-2.0
// Super-blocks of 256: x = d sc q - dmin mn, sc and mn for 16 values. Sections: 0 bit pairs (64 B), 1 nibbles of sc and
// mn (16 B), 2 d and dmin (two halves). q holds x.
void weightQ2_K(uint block, out vec4 q[8]) {
    uint super = block >> 3u;
    uint run = block & 7u;
    uint scales = weightLoad1(pc.section1 + super * 4u + (run >> 1u)) >> ((run & 1u) * 16u);
    vec2 both = unpackHalf2x16(weightLoad1(pc.section2 + super));
    uint at = pc.section0 / 4u + super * 4u + (run >> 2u) * 2u;
    uint shift = (run & 3u) * 2u;
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uvec4 w = weightLoad4(at + j);
        float sc = both.x * float((scales >> (8u * j)) & 15u);
        float mn = both.y * float((scales >> (8u * j + 4u)) & 15u);
        [[unroll]] for (uint i = 0u; i < 4u; ++i) q[4u * j + i] = sc * bitPairs(w[i], shift) - mn;
    }
}
