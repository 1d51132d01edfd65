// SPDX-License-Identifier: Apache-2.0
// rows of 32 f32 a block; section 0: values
void weightF32(uint block, out vec4 q[8]) {
    [[unroll]] for (uint j = 0u; j < 8u; ++j) q[j] = uintBitsToFloat(weightLoad4(pc.section0 / 4u + block * 8u + j));
}
