// SPDX-License-Identifier: Apache-2.0
// Super-blocks of 256: four values are an entry of a grid with signs. q holds grid sign.
// Four codes of four bits to four bytes of codes.
uint codeBytes(uint entry) {
    uint t = (entry | (entry << 8u)) & 0x00FF00FFu;
    return (t | (t << 4u)) & 0x0F0F0F0Fu;
}
// IQ3_XXS: x = d (0.5 + scale) / 2 grid sign. Sections: 0 indices (64 B), then for 32 values four sign codes and the scale
// (32 B), 1 d (half)
void weightIQ3_XXS(uint block, out vec4 q[8], out float d) {
    uint super = block >> 3u;
    uint run = block & 7u;
    uint codes = weightLoad1(pc.section0 + super * 24u + 16u + run);
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uint indices = weightLoad1(pc.section0 + super * 24u + run * 2u + j);
        [[unroll]] for (uint i = 0u; i < 4u; ++i) {
            uint index = byteOf(indices, i);
            uint t = codeBytes(gridEntry(index));
            uint seventh = t & (t >> 1u) & (t >> 2u) & 0x01010101u;  // code 7 stands for 62, not 60
            uint signs = evenSigns(codes >> (7u * (2u * j + (i >> 1u)))) >> (4u * (i & 1u));
            q[4u * j + i] = signedBytes(t * 8u + 0x04040404u + seventh * 2u, signs);
        }
    }
    d = halfOf(weightLoad1(pc.section1 + (super >> 1u)), super) * (0.5 + float(codes >> 28u)) * 0.5;
}
// IQ3_S: x = d (1 + 2 scale) grid sign. Sections: 0 low bytes of indices (64 B), ninth bits (8 B), signs (32 B), nibbles
// of scales (4 B), 1 d (half)
void weightIQ3_S(uint block, out vec4 q[8], out float d) {
    uint super = block >> 3u;
    uint run = block & 7u;
    uint at = pc.section0 + super * 27u;
    uint ninth = byteOf(weightLoad1(at + 16u + (run >> 2u)), run);
    uint signs = weightLoad1(at + 18u + run);
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uint low = weightLoad1(at + run * 2u + j);
        [[unroll]] for (uint i = 0u; i < 4u; ++i) {
            uint index = byteOf(low, i) | (((ninth >> (4u * j + i)) & 1u) << 8u);
            uint t = codeBytes(gridEntry(index));
            q[4u * j + i] = signedBytes(t * 2u + 0x01010101u, signs >> (16u * j + 4u * i));
        }
    }
    uint scale = (weightLoad1(at + 26u) >> (4u * run)) & 15u;
    d = halfOf(weightLoad1(pc.section1 + (super >> 1u)), super) * (1.0 + 2.0 * float(scale));
}
