// SPDX-License-Identifier: Apache-2.0
// As Q4_K with fifth bits. Sections: 0 nibbles (128 B), 1 fifth bits (32 B; bit g for group g), 2 d, dmin, sc, mn (16 B)
void weightQ5_K(uint block, out vec4 q[8], out float d, out float m) {
    uint super = block >> 3u;
    uint group = block & 7u;
    uint at = pc.section0 / 4u + super * 8u + (group >> 1u) * 2u;
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uvec4 low = weightLoad4(at + j);
        uvec4 fifth = weightLoad4(pc.section1 / 4u + super * 2u + j);
        [[unroll]] for (uint i = 0u; i < 4u; ++i) {
            uint w = (low[i] >> ((group & 1u) * 4u)) & 0x0F0F0F0Fu;
            q[4u * j + i] = bytesOf(w | (((fifth[i] >> group) & 0x01010101u) << 4u));
        }
    }
    vec2 both = stepAndMinimum(weightLoad4(pc.section2 / 4u + super), group);
    d = both.x;
    m = -both.y;
}
