// SPDX-License-Identifier: Apache-2.0
// Q1_0, blocks of 128: x = d or -d. Sections: 0 bits (16 B), 1 d (half)
void weightQ1_0(uint block, out vec4 q[8], out float d) {
    uint w = weightLoad1(pc.section0 + block);
    [[unroll]] for (uint j = 0u; j < 8u; ++j) q[j] = bytesOf(spreadBits(w >> (4u * j))) * 2.0 - 1.0;
    d = halfOf(weightLoad1(pc.section1 + (block >> 3u)), block >> 2u);
}
// Q2_0, blocks of 64: x = d (q - 1). Sections: 0 bit pairs (16 B), 1 d (half)
void weightQ2_0(uint block, out vec4 q[8], out float d) {
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uint w = weightLoad1(pc.section0 + block * 2u + j);
        [[unroll]] for (uint i = 0u; i < 4u; ++i) {
            uint b = w >> (8u * i);
            q[4u * j + i] = vec4(uvec4(b, b >> 2u, b >> 4u, b >> 6u) & 3u) - 1.0;
        }
    }
    d = halfOf(weightLoad1(pc.section1 + (block >> 2u)), block >> 1u);
}
