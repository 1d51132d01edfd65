// SPDX-License-Identifier: Apache-2.0
// Super-blocks of 256: x = d (sc - 32) (q - 4), sc for 16 values. Sections: 0 bit pairs (64 B), 1 third bits (32 B), 2 sc
// (twelve bytes: nibbles, then bit pairs), 3 d (half). q holds (sc - 32) (q - 4).
void weightQ3_K(uint block, out vec4 q[8], out float d) {
    uint super = block >> 3u;
    uint run = block & 7u;
    uint group = (2u * run) & 7u;  // of 8, of the first 16 values
    uint low = weightLoad1(pc.section2 + super * 3u + (group >> 2u)) >> ((run >> 2u) * 4u);
    uint high = weightLoad1(pc.section2 + super * 3u + 2u) >> ((run >> 1u) * 2u);
    uint at = pc.section0 / 4u + super * 4u + (run >> 2u) * 2u;
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uvec4 pairs = weightLoad4(at + j);
        uvec4 third = weightLoad4(pc.section1 / 4u + super * 2u + j);
        uint sc = (byteOf(low, group + j) & 15u) | ((byteOf(high, group + j) & 3u) << 4u);
        float factor = float(sc) - 32.0;
        [[unroll]] for (uint i = 0u; i < 4u; ++i) {
            uint w = ((pairs[i] >> ((run & 3u) * 2u)) & 0x03030303u) | (((third[i] >> run) & 0x01010101u) << 2u);
            q[4u * j + i] = (bytesOf(w) - 4.0) * factor;
        }
    }
    d = halfOf(weightLoad1(pc.section3 + (super >> 1u)), super);
}
