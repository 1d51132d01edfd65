// SPDX-License-Identifier: Apache-2.0
// Section 0: doubles, rounded here to the nearest single (those below the normal singles to 0)
float singleOf(uvec2 bits) {
    int exponent = int((bits.y >> 20u) & 0x7FFu) - 1023;
    uint sign = bits.y & 0x80000000u;
    if (exponent < -126) return uintBitsToFloat(sign);
    uint kept = ((bits.y & 0xFFFFFu) << 3u) | (bits.x >> 29u);
    uint rest = bits.x & 0x1FFFFFFFu;
    if (exponent == 1024 && (kept | rest) != 0u) return uintBitsToFloat(0x7FC00000u);
    if (exponent > 127) return uintBitsToFloat(sign | 0x7F800000u);
    bool up = rest > 0x10000000u || (rest == 0x10000000u && (kept & 1u) == 1u);
    return uintBitsToFloat(sign | ((uint(exponent + 127) << 23u) + kept + (up ? 1u : 0u)));
}
void weightF64(uint block, out vec4 q[8]) {
    [[unroll]] for (uint j = 0u; j < 8u; ++j) {
        uvec4 first = weightLoad4(pc.section0 / 4u + block * 16u + 2u * j);
        uvec4 second = weightLoad4(pc.section0 / 4u + block * 16u + 2u * j + 1u);
        q[j] = vec4(singleOf(first.xy), singleOf(first.zw), singleOf(second.xy), singleOf(second.zw));
    }
}
