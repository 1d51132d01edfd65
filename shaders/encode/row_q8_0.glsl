// SPDX-License-Identifier: Apache-2.0
// ggml's q8_0: x = d q, blocks of 32 (34 bytes); here the int8 of all rows of the page first, then the halves d.
uint scaleBaseQ8_0(uint base, uint dim) { return base + kPageRows * (dim / 4u); }
#ifdef ROWS_LOAD
float scaleQ8_0(uint base, uint dim, uint row, uint block) {
    uint index = row * (dim / 32u) + block;
    return halfOf(rowLoad1(scaleBaseQ8_0(base, dim) + (index >> 1u)), index);
}
void rowChunkQ8_0(uint base, uint dim, uint row, uint chunk, out vec4 v[8]) {
    uint at = (base + row * (dim / 4u)) / 4u + chunk * 2u;
    float d = scaleQ8_0(base, dim, row, chunk);
    [[unroll]] for (uint j = 0u; j < 2u; ++j) {
        uvec4 w = rowLoad4(at + j);
        [[unroll]] for (uint i = 0u; i < 4u; ++i) v[4u * j + i] = unpackBytesSigned(w[i]) * d;
    }
}
vec4 rowQuadQ8_0(uint base, uint dim, uint row, uint quad) {
    return unpackBytesSigned(rowLoad1(base + row * (dim / 4u) + quad)) * scaleQ8_0(base, dim, row, quad >> 3u);
}
void rowEightQ8_0(uint base, uint dim, uint row, uint eight, out vec4 a, out vec4 b) {
    uvec2 w = rowLoad2((base + row * (dim / 4u)) / 2u + eight);
    float d = scaleQ8_0(base, dim, row, eight >> 2u);
    a = unpackBytesSigned(w.x) * d;
    b = unpackBytesSigned(w.y) * d;
}
#endif
#ifdef ROWS_STORE
// As ggml's reference quantiser: d = max|x| / 127, q = round(x / d), halves away from zero.
void rowStoreQ8_0(uint base, uint dim, uint row, uint chunk, float v[32]) {
    float largest = 0.0;
    [[dont_unroll]] for (uint j = 0u; j < 32u; ++j) largest = max(largest, abs(v[j]));
    float d = largest / 127.0;
    float inverse = d != 0.0 ? 1.0 / d : 0.0;
    uint at = base + row * (dim / 4u) + chunk * 8u;
    [[dont_unroll]] for (uint j = 0u; j < 8u; ++j) {
        uint word = 0u;
        [[dont_unroll]] for (uint i = 0u; i < 4u; ++i) {
            float x = v[4u * j + i] * inverse;
            int q = int(x < 0.0 ? ceil(x - 0.5) : floor(x + 0.5));
            word |= (uint(q) & 0xFFu) << (8u * i);
        }
        rowStore1(at + j, word);
    }
    rowStoreHalf(scaleBaseQ8_0(base, dim), row * (dim / 32u) + chunk, d);
}
#endif
