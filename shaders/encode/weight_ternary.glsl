// SPDX-License-Identifier: Apache-2.0
// x = d (q - 1), q of 0, 1, 2.
// TQ1_0, super-blocks of 256. Sections: 0 bytes of five base-3 digits (48 B), 1 bytes of four (4 B), 2 d (half). Digit n
// of byte v is the carry of 3 (3^n v mod 256). Runs 0 to 4: digit n of bytes 0 to 31; 5 and 6: two digits of bytes 32 to
// 47; 7: the fifth digit of those and the four digits of section 1.
vec4 digits(uint w, uint power) {
    uvec4 v = uvec4(w & 0xFFu, (w >> 8u) & 0xFFu, (w >> 16u) & 0xFFu, w >> 24u);
    return vec4((((v * power) & 0xFFu) * 3u) >> 8u) - 1.0;
}
uint powerOf3(uint n) { return n == 0u ? 1u : (n == 1u ? 3u : (n == 2u ? 9u : (n == 3u ? 27u : 81u))); }
void weightTQ1_0(uint block, out vec4 q[8], out float d) {
    uint super = block >> 3u;
    uint run = block & 7u;
    bool wide = run < 5u;
    uint first = wide ? run : (run - 5u) * 2u;
    uint at = pc.section0 / 4u + super * 3u;
    uvec4 low = weightLoad4(at + (wide ? 0u : 2u));
    uvec4 high = weightLoad4(at + (wide ? 1u : 2u));
    uint last = weightLoad1(pc.section1 + super);
    uint power = powerOf3(first);
    uint second = wide ? power : power * 3u;
    [[unroll]] for (uint i = 0u; i < 4u; ++i) {
        q[i] = digits(low[i], power);
        q[4u + i] = run == 7u ? digits(last, powerOf3(i)) : digits(high[i], second);
    }
    d = halfOf(weightLoad1(pc.section2 + (super >> 1u)), super);
}
// TQ2_0, super-blocks of 256. Sections: 0 bit pairs (64 B), 1 d (half)
void weightTQ2_0(uint block, out vec4 q[8], out float d) {
    uint super = block >> 3u;
    uint run = block & 7u;
    uint at = pc.section0 / 4u + super * 4u + (run >> 2u) * 2u;
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uvec4 w = weightLoad4(at + j);
        [[unroll]] for (uint i = 0u; i < 4u; ++i) q[4u * j + i] = bitPairs(w[i], (run & 3u) * 2u) - 1.0;
    }
    d = halfOf(weightLoad1(pc.section1 + (super >> 1u)), super);
}
