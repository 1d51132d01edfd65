// SPDX-License-Identifier: Apache-2.0
// 32 bfloat16 a block; section 0: values
void weightBF16(uint block, out vec4 q[8]) {
    [[unroll]] for (uint j = 0u; j < 4u; ++j) {
        uvec4 w = weightLoad4(pc.section0 / 4u + block * 4u + j);
        q[2u * j] = unpackBfloats(w.xy);
        q[2u * j + 1u] = unpackBfloats(w.zw);
    }
}
