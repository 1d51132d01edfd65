// SPDX-License-Identifier: Apache-2.0
// ggml's q4_0: x = d (q - 8), blocks of 32 (18 bytes), value j in the low nibble of byte j, value 16 + j in the high
// one; here the nibbles of all rows of the page first, then the halves d.
uint scaleBaseQ4_0(uint base, uint dim) { return base + kPageRows * (dim / 8u); }
#ifdef ROWS_LOAD
float scaleQ4_0(uint base, uint dim, uint row, uint block) {
    uint index = row * (dim / 32u) + block;
    return halfOf(rowLoad1(scaleBaseQ4_0(base, dim) + (index >> 1u)), index);
}
void rowChunkQ4_0(uint base, uint dim, uint row, uint chunk, out vec4 v[8]) {
    uvec4 w = rowLoad4((base + row * (dim / 8u)) / 4u + chunk);
    float d = scaleQ4_0(base, dim, row, chunk);
    [[unroll]] for (uint i = 0u; i < 4u; ++i) {
        v[i] = (unpackNibbles(w[i], 0u) - 8.0) * d;
        v[4u + i] = (unpackNibbles(w[i], 4u) - 8.0) * d;
    }
}
vec4 rowQuadQ4_0(uint base, uint dim, uint row, uint quad) {
    uint w = rowLoad1(base + row * (dim / 8u) + (quad >> 3u) * 4u + (quad & 3u));
    return (unpackNibbles(w, (quad & 4u)) - 8.0) * scaleQ4_0(base, dim, row, quad >> 3u);
}
void rowEightQ4_0(uint base, uint dim, uint row, uint eight, out vec4 a, out vec4 b) {
    uvec2 w = rowLoad2((base + row * (dim / 8u)) / 2u + (eight >> 2u) * 2u + (eight & 1u));
    float d = scaleQ4_0(base, dim, row, eight >> 2u);
    uint shift = (eight & 2u) * 2u;
    a = (unpackNibbles(w.x, shift) - 8.0) * d;
    b = (unpackNibbles(w.y, shift) - 8.0) * d;
}
#endif
#ifdef ROWS_STORE
// As ggml's reference quantiser: d = (the value of largest magnitude) / -8, q = min(15, trunc(x / d + 8.5)).
void rowStoreQ4_0(uint base, uint dim, uint row, uint chunk, float v[32]) {
    float largest = 0.0;
    float extreme = 0.0;
    [[dont_unroll]] for (uint j = 0u; j < 32u; ++j) {
        if (abs(v[j]) > largest) {
            largest = abs(v[j]);
            extreme = v[j];
        }
    }
    float d = extreme / -8.0;
    float inverse = d != 0.0 ? 1.0 / d : 0.0;
    uint at = base + row * (dim / 8u) + chunk * 4u;
    [[dont_unroll]] for (uint j = 0u; j < 4u; ++j) {
        uint word = 0u;
        [[dont_unroll]] for (uint i = 0u; i < 4u; ++i) {
            uint low = min(15u, uint(v[4u * j + i] * inverse + 8.5));
            uint high = min(15u, uint(v[16u + 4u * j + i] * inverse + 8.5));
            word |= (low | (high << 4u)) << (8u * i);
        }
        rowStore1(at + j, word);
    }
    rowStoreHalf(scaleBaseQ4_0(base, dim), row * (dim / 32u) + chunk, d);
}
#endif
