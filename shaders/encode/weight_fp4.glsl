// SPDX-License-Identifier: Apache-2.0
// x = T[nibble] scale, T the numbers of E2M1; here T is doubled and the scale halved.
vec4 e2m1s(uint w, uint shift) {
    uvec4 nibbles = uvec4(w, w >> 8u, w >> 16u, w >> 24u) >> shift;
    vec4 magnitudes = vec4((uvec4(0xC8643210u) >> ((nibbles & 7u) * 4u)) & 15u);
    return uintBitsToFloat(floatBitsToUint(magnitudes) | ((nibbles & 8u) << 28u));
}
// MXFP4, blocks of 32. Sections: 0 nibbles (16 B), 1 the scale, a power of two (a byte)
void weightMXFP4(uint block, out vec4 q[8], out float d) {
    uvec4 w = weightLoad4(pc.section0 / 4u + block);
    [[unroll]] for (uint j = 0u; j < 4u; ++j) {
        q[j] = e2m1s(w[j], 0u);
        q[4u + j] = e2m1s(w[j], 4u);
    }
    uint e = byteOf(weightLoad1(pc.section1 + (block >> 2u)), block);
    d = uintBitsToFloat(e < 2u ? 0x00200000u << e : (e - 1u) << 23u);
}
// NVFP4, blocks of 64. Sections: 0 nibbles (32 B; 8 B a scale), 1 four scales in E4M3. q holds x
float halfOfE4M3(uint code) {
    uint exponent = (code >> 3u) & 15u;
    float mantissa = float(code & 7u);
    float normal = (8.0 + mantissa) * uintBitsToFloat((exponent + 116u) << 23u);
    return code == 0x7Fu ? 0.0 : (exponent == 0u ? mantissa / 1024.0 : normal);
}
void weightNVFP4(uint block, out vec4 q[8]) {
    uvec4 w = weightLoad4(pc.section0 / 4u + block);
    uint scales = weightLoad1(pc.section1 + (block >> 1u)) >> ((block & 1u) * 16u);
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        float scale = halfOfE4M3(byteOf(scales, j));
        [[unroll]] for (uint i = 0u; i < 2u; ++i) {
            q[4u * j + i] = e2m1s(w[2u * j + i], 0u) * scale;
            q[4u * j + 2u + i] = e2m1s(w[2u * j + i], 4u) * scale;
        }
    }
}
