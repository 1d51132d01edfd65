// SPDX-License-Identifier: Apache-2.0
// As Q4_K with fifth bits. Sections: 0 nibbles, 16 bytes a run, 1 fifth bits, a word a run (bit j of byte i for value
// 4 j + i: engine/kernels/weight_arrange.h), 2 d, dmin, sc, mn (16 B)
void weightQ5_K(uint block, out vec4 q[8], out float d, out float m) {
    uvec4 w = weightLoad4(pc.section0 / 4u + block);
    uint bits = weightLoad1(pc.section1 + block);
    [[unroll]] for (uint j = 0u; j < 4u; ++j) {
        q[j] = bytesOf((w[j] & 0x0F0F0F0Fu) | (((bits >> j) & 0x01010101u) << 4u));
        q[4u + j] = bytesOf(((w[j] >> 4u) & 0x0F0F0F0Fu) | (((bits >> (4u + j)) & 0x01010101u) << 4u));
    }
    vec2 both = stepAndMinimum(weightLoad4(pc.section2 / 4u + (block >> 3u)), block & 7u);
    d = both.x;
    m = -both.y;
}
