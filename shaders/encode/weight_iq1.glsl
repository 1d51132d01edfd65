// SPDX-License-Identifier: Apache-2.0
// Super-blocks of 256: eight values are an entry of a grid of -1, 0, 1, moved by an eighth; x = d (2 scale + 1) (grid +
// delta). q holds 2 scale + 1 times grid + delta.
void movedEight(uint index, bool down, float scale, out vec4 first, out vec4 second) {
    uint entry = gridEntry(index);
    float delta = down ? -1.125 : -0.875;
    first = (vec4(uvec4(entry, entry >> 2u, entry >> 4u, entry >> 6u) & 3u) + delta) * scale;
    second = (vec4(uvec4(entry >> 8u, entry >> 10u, entry >> 12u, entry >> 14u) & 3u) + delta) * scale;
}
// IQ1_S. Sections: 0 low bytes of indices (32 B), for 32 values four times three upper bits, the scale and the sign of
// delta (16 B), 1 d (half)
void weightIQ1_S(uint block, out vec4 q[8], out float d) {
    uint super = block >> 3u;
    uint run = block & 7u;
    uint low = weightLoad1(pc.section0 + super * 12u + run);
    uint bits = weightLoad1(pc.section0 + super * 12u + 8u + (run >> 1u)) >> ((run & 1u) * 16u);
    float scale = float(2u * ((bits >> 12u) & 7u) + 1u);
    [[unroll]] for (uint k = 0u; k < 4u; ++k) {
        uint index = byteOf(low, k) | (((bits >> (3u * k)) & 7u) << 8u);
        movedEight(index, (bits & 0x8000u) != 0u, scale, q[2u * k], q[2u * k + 1u]);
    }
    d = halfOf(weightLoad1(pc.section1 + (super >> 1u)), super);
}
// IQ1_M. Section 0: low bytes of indices (32 B), nibbles of three upper bits and the sign of delta (16 B), four 16-bit
// numbers of four scales and a nibble of d (8 B)
void weightIQ1_M(uint block, out vec4 q[8], out float d) {
    uint super = block >> 3u;
    uint run = block & 7u;
    uint at = pc.section0 + super * 14u;
    uint low = weightLoad1(at + run);
    uint high = weightLoad1(at + 8u + (run >> 1u)) >> ((run & 1u) * 16u);
    uint first = weightLoad1(at + 12u);
    uint second = weightLoad1(at + 13u);
    uint scales = (run < 4u ? first : second) >> ((run >> 1u & 1u) * 16u + (run & 1u) * 6u);
    [[unroll]] for (uint k = 0u; k < 4u; ++k) {
        uint nibble = high >> (4u * k);
        float scale = float(2u * ((scales >> (3u * (k >> 1u))) & 7u) + 1u);
        movedEight(byteOf(low, k) | ((nibble & 7u) << 8u), (nibble & 8u) != 0u, scale, q[2u * k], q[2u * k + 1u]);
    }
    uint bits = ((first >> 12u) & 0xFu) | ((first >> 24u) & 0xF0u) | ((second >> 4u) & 0xF00u) | ((second >> 16u) & 0xF000u);
    d = unpackHalf2x16(bits).x;
}
