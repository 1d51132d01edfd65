// SPDX-License-Identifier: Apache-2.0
// Rows of `dim` singles.
#ifdef ROWS_LOAD
void rowChunkF32(uint base, uint dim, uint row, uint chunk, out vec4 v[8]) {
    uint at = (base + row * dim + chunk * CHUNK) / 4u;
    [[unroll]] for (uint j = 0u; j < CHUNK / 4u; ++j) v[j] = uintBitsToFloat(rowLoad4(at + j));
}
vec4 rowQuadF32(uint base, uint dim, uint row, uint quad) {
    return uintBitsToFloat(rowLoad4((base + row * dim) / 4u + quad));
}
void rowEightF32(uint base, uint dim, uint row, uint eight, out vec4 a, out vec4 b) {
    a = rowQuadF32(base, dim, row, 2u * eight);
    b = rowQuadF32(base, dim, row, 2u * eight + 1u);
}
#endif
#ifdef ROWS_STORE
void rowStoreF32(uint base, uint dim, uint row, uint chunk, float v[32]) {
    uint at = base + row * dim + chunk * CHUNK;
    [[dont_unroll]] for (uint j = 0u; j < CHUNK; ++j) rowStore1(at + j, floatBitsToUint(v[j]));
}
#endif
