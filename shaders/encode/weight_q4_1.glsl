// SPDX-License-Identifier: Apache-2.0
// x = d q + m. Section 0: 16 bytes a block, low nibbles first; section 1: d and m, two halves a block
void weightQ4_1(uint block, out vec4 q[8], out float d, out float m) {
    uvec4 w = weightLoad4(pc.section0 / 4u + block);
    [[unroll]] for (uint j = 0u; j < 4u; ++j) {
        q[j] = unpackNibbles(w[j], 0u);
        q[4u + j] = unpackNibbles(w[j], 4u);
    }
    vec2 both = unpackHalf2x16(weightLoad1(pc.section1 + block));
    d = both.x;
    m = both.y;
}
