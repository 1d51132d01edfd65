// SPDX-License-Identifier: Apache-2.0
// Super-blocks of 256: eight values are an entry of a grid with signs; x = d (0.5 + scale) / 4 grid sign. q holds grid
// sign, times 0.5 + scale where there are two scales.
// Four codes of two bits to four bytes of 8, 25, 43.
uint gridBytes(uint codes) {
    uint t = codes & 0xFFu;
    t = (t | (t << 12u)) & 0x000F000Fu;
    t = (t | (t << 6u)) & 0x03030303u;
    return t * 17u + 0x08080808u + ((t >> 1u) & 0x01010101u);
}
void gridEight(uint entry, uint signs, float scale, out vec4 first, out vec4 second) {
    first = signedBytes(gridBytes(entry), signs) * scale;
    second = signedBytes(gridBytes(entry >> 8u), signs >> 4u) * scale;
}
// Eight signs from seven: the eighth makes their number even.
uint evenSigns(uint code) { return (code & 127u) | ((uint(bitCount(code & 127u)) & 1u) << 7u); }

// IQ2_XXS. Sections: 0 for 32 values four indices, then four sign codes and the scale (64 B), 1 d (half)
void weightIQ2_XXS(uint block, out vec4 q[8], out float d) {
    uint indices = weightLoad1(pc.section0 + block * 2u);
    uint codes = weightLoad1(pc.section0 + block * 2u + 1u);
    [[unroll]] for (uint k = 0u; k < 4u; ++k) {
        uint index = byteOf(indices, k);
        gridEight(gridEntry(index), evenSigns(codes >> (7u * k)), 1.0, q[2u * k], q[2u * k + 1u]);
    }
    d = halfOf(weightLoad1(pc.section1 + (block >> 4u)), block >> 3u) * (0.5 + float(codes >> 28u)) * 0.25;
}
// IQ2_XS. Sections: 0 indices of nine bits and sign codes (64 B), 1 nibbles of scales (8 B), 2 d (half)
void weightIQ2_XS(uint block, out vec4 q[8], out float d) {
    uint scales = byteOf(weightLoad1(pc.section1 + (block >> 2u)), block);
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uint both = weightLoad1(pc.section0 + block * 2u + j);
        float scale = 0.5 + float((scales >> (4u * j)) & 15u);
        [[unroll]] for (uint i = 0u; i < 2u; ++i) {
            uint index = (both >> (16u * i)) & 511u;
            uint at = 4u * j + 2u * i;
            gridEight(gridEntry(index), evenSigns(both >> (16u * i + 9u)), scale, q[at], q[at + 1u]);
        }
    }
    d = halfOf(weightLoad1(pc.section2 + (block >> 4u)), block >> 3u) * 0.25;
}
// IQ2_S. Sections: 0 low bytes of indices, then signs (32 + 32 B), 1 upper bit pairs of indices, then nibbles of scales
// (8 + 8 B), 2 d (half)
void weightIQ2_S(uint block, out vec4 q[8], out float d) {
    uint super = block >> 3u;
    uint run = block & 7u;
    uint low = weightLoad1(pc.section0 + super * 16u + run);
    uint signs = weightLoad1(pc.section0 + super * 16u + 8u + run);
    uint high = byteOf(weightLoad1(pc.section1 + super * 4u + (run >> 2u)), run);
    uint scales = byteOf(weightLoad1(pc.section1 + super * 4u + 2u + (run >> 2u)), run);
    [[unroll]] for (uint k = 0u; k < 4u; ++k) {
        uint index = byteOf(low, k) | (((high >> (2u * k)) & 3u) << 8u);
        float scale = 0.5 + float((scales >> (4u * (k >> 1u))) & 15u);
        gridEight(gridEntry(index), signs >> (8u * k), scale, q[2u * k], q[2u * k + 1u]);
    }
    d = halfOf(weightLoad1(pc.section2 + (super >> 1u)), super) * 0.25;
}
