// SPDX-License-Identifier: Apache-2.0
// Super-blocks of 256: x = d sc (q - 32), sc for 16 values. Sections: 0 low nibbles (128 B), 1 high pairs of bits
// (64 B), 2 sc (16 int8), 3 d (half). `block` counts runs of 32 values; q holds sc (q - 32).
vec4 sixBits(uint low, uint shift, uint high, uint highShift) {
    uint h = (high >> highShift) & 0x03030303u;
    uint n = ((low >> shift) & 0x0F0F0F0Fu) | (h << 4u);
    return vec4(float(n & 0xFFu), float((n >> 8u) & 0xFFu), float((n >> 16u) & 0xFFu), float(n >> 24u)) - 32.0;
}
void weightQ6_K(uint block, out vec4 q[8], out float d) {
    uint super = block >> 3u;
    uint part = (block >> 2u) & 1u;
    uint quarter = block & 3u;
    uint lowAt = pc.section0 / 4u + super * 8u + part * 4u + (quarter & 1u) * 2u;
    uint highAt = pc.section1 / 4u + super * 4u + part * 2u;
    uint scales = weightLoad1(pc.section2 + super * 4u + part * 2u + (quarter >> 1u)) >> ((quarter & 1u) * 16u);
    float first = float(bitfieldExtract(int(scales), 0, 8));
    float second = float(bitfieldExtract(int(scales), 8, 8));
    uint shift = (quarter >> 1u) * 4u;
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uvec4 low = weightLoad4(lowAt + j);
        uvec4 high = weightLoad4(highAt + j);
        float sc = j == 0u ? first : second;
        [[unroll]] for (uint i = 0u; i < 4u; ++i) q[4u * j + i] = sixBits(low[i], shift, high[i], 2u * quarter) * sc;
    }
    d = halfOf(weightLoad1(pc.section3 + (super >> 1u)), super);
}
