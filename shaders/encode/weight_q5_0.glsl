// SPDX-License-Identifier: Apache-2.0
// x = d (q - 16). Section 0: 16 bytes a block; section 1: fifth bits, a word a block; section 2: d, a half a block
vec4 fifthBits(uint bits, uint first) {
    uint b = bits >> first;
    return vec4(float(b & 1u), float((b >> 1u) & 1u), float((b >> 2u) & 1u), float((b >> 3u) & 1u)) * 16.0;
}
void weightQ5_0(uint block, out vec4 q[8], out float d) {
    uvec4 w = weightLoad4(pc.section0 / 4u + block);
    uint bits = weightLoad1(pc.section1 + block);
    [[unroll]] for (uint j = 0u; j < 4u; ++j) {
        q[j] = unpackNibbles(w[j], 0u) + fifthBits(bits, 4u * j) - 16.0;
        q[4u + j] = unpackNibbles(w[j], 4u) + fifthBits(bits, 16u + 4u * j) - 16.0;
    }
    d = halfOf(weightLoad1(pc.section2 + (block >> 1u)), block);
}
