// SPDX-License-Identifier: Apache-2.0
// x = d q. Section 0: 32 int8 a block; section 1: d, one half a block
void weightQ8_0(uint block, out vec4 q[8], out float d) {
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uvec4 w = weightLoad4(pc.section0 / 4u + block * 2u + j);
        q[4u * j] = unpackBytesSigned(w.x);
        q[4u * j + 1u] = unpackBytesSigned(w.y);
        q[4u * j + 2u] = unpackBytesSigned(w.z);
        q[4u * j + 3u] = unpackBytesSigned(w.w);
    }
    d = halfOf(weightLoad1(pc.section1 + (block >> 1u)), block);
}
