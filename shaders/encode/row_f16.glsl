// SPDX-License-Identifier: Apache-2.0
// Rows of `dim` halves.
#ifdef ROWS_LOAD
void rowEightF16(uint base, uint dim, uint row, uint eight, out vec4 a, out vec4 b) {
    uvec4 w = rowLoad4((base + row * (dim / 2u)) / 4u + eight);
    a = unpackHalves(w.xy);
    b = unpackHalves(w.zw);
}
void rowChunkF16(uint base, uint dim, uint row, uint chunk, out vec4 v[8]) {
    [[unroll]] for (uint j = 0u; j < CHUNK / 8u; ++j) {
        vec4 a, b;
        rowEightF16(base, dim, row, chunk * (CHUNK / 8u) + j, a, b);
        v[2u * j] = a;
        v[2u * j + 1u] = b;
    }
}
vec4 rowQuadF16(uint base, uint dim, uint row, uint quad) {
    return unpackHalves(rowLoad2((base + row * (dim / 2u)) / 2u + quad));
}
#endif
#ifdef ROWS_STORE
void rowStoreF16(uint base, uint dim, uint row, uint chunk, float v[32]) {
    uint at = base + (row * dim + chunk * CHUNK) / 2u;
    [[dont_unroll]] for (uint j = 0u; j < CHUNK / 2u; ++j) rowStore1(at + j, packHalf2x16(vec2(v[2u * j], v[2u * j + 1u])));
}
#endif
