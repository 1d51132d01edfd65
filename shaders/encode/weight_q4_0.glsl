// SPDX-License-Identifier: Apache-2.0
// x = d (q - 8). Section 0: 16 bytes a block, low nibbles first; section 1: d, one half a block
void weightQ4_0(uint block, out vec4 q[8], out float d) {
    uvec4 w = weightLoad4(pc.section0 / 4u + block);
    [[unroll]] for (uint j = 0u; j < 4u; ++j) {
        q[j] = unpackNibbles(w[j], 0u) - 8.0;
        q[4u + j] = unpackNibbles(w[j], 4u) - 8.0;
    }
    d = halfOf(weightLoad1(pc.section1 + (block >> 1u)), block);
}
