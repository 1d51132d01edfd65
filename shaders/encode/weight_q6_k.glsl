// SPDX-License-Identifier: Apache-2.0
// Super-blocks of 256: x = d sc (q - 32), sc for 16 values. Sections: 0 low nibbles, 16 bytes a run (value j low, value
// 16 + j high), 1 upper pairs of bits, two words a run (bits 2 (j mod 4) of byte i of word j / 4 for value 4 j + i:
// engine/kernels/weight_arrange.h), 2 sc (16 int8), 3 d (half). q holds sc (q - 32).
vec4 sixBits(uint low, uint high, uint shift, vec2 scale) {
    return bytesOf((low & 0x0F0F0F0Fu) | (((high >> shift) & 0x03030303u) << 4u)) * scale.x + scale.y;
}
void weightQ6_K(uint block, out vec4 q[8], out float d) {
    uvec4 w = weightLoad4(pc.section0 / 4u + block);
    uint upper = weightLoad1(pc.section1 + block * 2u);
    uint upperNext = weightLoad1(pc.section1 + block * 2u + 1u);
    uint scales = weightLoad1(pc.section2 + (block >> 1u)) >> ((block & 1u) * 16u);
    vec2 first = float(bitfieldExtract(int(scales), 0, 8)) * vec2(1.0, -32.0);
    vec2 second = float(bitfieldExtract(int(scales), 8, 8)) * vec2(1.0, -32.0);
    [[unroll]] for (uint j = 0u; j < 4u; ++j) {
        q[j] = sixBits(w[j], upper, 2u * j, first);
        q[4u + j] = sixBits(w[j] >> 4u, upperNext, 2u * j, second);
    }
    d = halfOf(weightLoad1(pc.section3 + (block >> 4u)), block >> 3u);
}
