// SPDX-License-Identifier: Apache-2.0
// Words to numbers. Only core GLSL: no 8- or 16-bit storage needed.
vec4 unpackBytesSigned(uint w) {
    return vec4(float(bitfieldExtract(int(w), 0, 8)), float(bitfieldExtract(int(w), 8, 8)),
                float(bitfieldExtract(int(w), 16, 8)), float(bitfieldExtract(int(w), 24, 8)));
}
// Four 4-bit numbers at bits `shift` of the four bytes of w.
vec4 unpackNibbles(uint w, uint shift) {
    uint n = (w >> shift) & 0x0F0F0F0Fu;
    return vec4(float(n & 0xFFu), float((n >> 8u) & 0xFFu), float((n >> 16u) & 0xFFu), float(n >> 24u));
}
vec4 unpackHalves(uvec2 w) { return vec4(unpackHalf2x16(w.x), unpackHalf2x16(w.y)); }
// Four bfloat16: the upper halves of singles.
vec4 unpackBfloats(uvec2 w) {
    return vec4(uintBitsToFloat(w.x << 16u), uintBitsToFloat(w.x & 0xFFFF0000u), uintBitsToFloat(w.y << 16u),
                uintBitsToFloat(w.y & 0xFFFF0000u));
}
// Half number `index` of an array of 16-bit numbers whose word is given.
float halfOf(uint word, uint index) {
    vec2 both = unpackHalf2x16(word);
    return (index & 1u) == 0u ? both.x : both.y;
}
