// SPDX-License-Identifier: Apache-2.0
// x = d K[nibble]; K are sixteen bytes, here in four words and without a table in memory.
vec4 levels(uint w, uint shift) {
    uvec4 n = uvec4(w, w >> 8u, w >> 16u, w >> 24u) >> shift;
    bvec4 second = notEqual(n & 4u, uvec4(0u));
    uvec4 low = mix(uvec4(0xBFAD9881u), uvec4(0xF6EADDCFu), second);
    uvec4 high = mix(uvec4(0x26190D01u), uvec4(0x71594535u), second);
    uvec4 words = mix(low, high, notEqual(n & 8u, uvec4(0u)));
    return vec4(ivec4(words << (24u - (n & 3u) * 8u)) >> 24);
}
void levelsOf(uvec4 w, out vec4 q[8]) {
    [[unroll]] for (uint j = 0u; j < 4u; ++j) {
        q[j] = levels(w[j], 0u);
        q[4u + j] = levels(w[j], 4u);
    }
}
// IQ4_NL, blocks of 32. Sections: 0 nibbles (16 B), 1 d (half)
void weightIQ4_NL(uint block, out vec4 q[8], out float d) {
    levelsOf(weightLoad4(pc.section0 / 4u + block), q);
    d = halfOf(weightLoad1(pc.section1 + (block >> 1u)), block);
}
// IQ4_XS, super-blocks of 256. Sections: 0 nibbles (128 B), 1 d (half), upper bit pairs and nibbles of eight scales (8 B)
void weightIQ4_XS(uint block, out vec4 q[8], out float d) {
    uint super = block >> 3u;
    uint group = block & 7u;
    levelsOf(weightLoad4(pc.section0 / 4u + block), q);
    uint head = weightLoad1(pc.section1 + super * 2u);
    uint low = weightLoad1(pc.section1 + super * 2u + 1u);
    uint scale = ((low >> (group * 4u)) & 15u) | (((head >> (16u + group * 2u)) & 3u) << 4u);
    d = unpackHalf2x16(head).x * (float(scale) - 32.0);
}
