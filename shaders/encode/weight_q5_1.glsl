// SPDX-License-Identifier: Apache-2.0
// x = d q + m. Section 0: 16 bytes a block; section 1: fifth bits, a word a block; section 2: d and m, two halves
void weightQ5_1(uint block, out vec4 q[8], out float d, out float m) {
    uvec4 w = weightLoad4(pc.section0 / 4u + block);
    uint bits = weightLoad1(pc.section1 + block);
    [[unroll]] for (uint j = 0u; j < 4u; ++j) {
        q[j] = unpackNibbles(w[j], 0u) + fifthBits(bits, 4u * j);
        q[4u + j] = unpackNibbles(w[j], 4u) + fifthBits(bits, 16u + 4u * j);
    }
    vec2 both = unpackHalf2x16(weightLoad1(pc.section2 + block));
    d = both.x;
    m = both.y;
}
