// SPDX-License-Identifier: Apache-2.0
// What several weight formats share.
vec4 bytesOf(uint w) {
    return vec4(float(w & 0xFFu), float((w >> 8u) & 0xFFu), float((w >> 16u) & 0xFFu), float(w >> 24u));
}
uint byteOf(uint w, uint index) { return (w >> ((index & 3u) * 8u)) & 0xFFu; }
// Bit pairs at bits `shift` of the four bytes of w.
vec4 bitPairs(uint w, uint shift) { return bytesOf((w >> shift) & 0x03030303u); }
// Four bits to the lowest bits of four bytes.
uint spreadBits(uint bits) { return ((bits & 15u) * 0x00204081u) & 0x01010101u; }
// Four bytes of 1 to 127, made negative where the lowest bits of `signs` are set.
vec4 signedBytes(uint w, uint signs) {
    uint minus = spreadBits(signs);
    return unpackBytesSigned((w ^ (minus * 255u)) + minus);
}
