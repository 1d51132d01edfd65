// SPDX-License-Identifier: Apache-2.0
// Contract of cache row encodings. A page holds kPageRows rows of keys, then as many rows of values; in each part the
// quants of all rows come first, then their scales, so that quants are read 16 bytes at a time. Row bytes are ggml's.
// A page may hold keys alone (one vector that is key and value). The includer defines CHUNK (values handled at once: 32,
// or 8 where a row is no multiple of 32) and, before this file, ROWS_LOAD with PAGES_IN = binding, and/or ROWS_STORE with
// PAGES_OUT = binding.
//   rowChunk(storage, base, dim, row, chunk, v)  loads CHUNK values
//   rowQuad / rowEight(storage, base, dim, row, i, …)  loads 4 or 8 values from element 4 i or 8 i
//   rowStore(storage, base, dim, row, chunk, v)  encodes and stores CHUNK values
// `base` is the word offset of the page's part, `dim` the values of a row. Adding an encoding: one include and one line in
// each function.

#ifdef ROWS_LOAD
layout(std430, set = 0, binding = PAGES_IN) readonly buffer PagesIn1 { uint pagesIn1[]; };
layout(std430, set = 0, binding = PAGES_IN) readonly buffer PagesIn2 { uvec2 pagesIn2[]; };
layout(std430, set = 0, binding = PAGES_IN) readonly buffer PagesIn4 { uvec4 pagesIn4[]; };
uint rowLoad1(uint word) {
    KVS_LANE(kCatKvRead, PAGES_IN, word, 1u);
    return pagesIn1[word];
}
uvec2 rowLoad2(uint pair) {
    KVS_LANE(kCatKvRead, PAGES_IN, pair * 2u, 2u);
    return pagesIn2[pair];
}
uvec4 rowLoad4(uint quad) {
    KVS_LANE(kCatKvRead, PAGES_IN, quad * 4u, 4u);
    return pagesIn4[quad];
}
#endif
#ifdef ROWS_STORE
layout(std430, set = 0, binding = PAGES_OUT) buffer PagesOut { uint pagesOut[]; };
void rowStore1(uint word, uint value) {
    KVS_STORE(kCatKvWritten, 4u);
    pagesOut[word] = value;
}
// Writes half number `index` of the halves that begin at `word`; its neighbour may be written by another workgroup.
void rowStoreHalf(uint word, uint index, float value) {
    KVS_STORE(kCatKvWritten, 2u);
    uint shift = (index & 1u) * 16u;
    uint bits = (packHalf2x16(vec2(value, 0.0)) & 0xFFFFu) << shift;
    atomicAnd(pagesOut[word + (index >> 1u)], ~(0xFFFFu << shift));
    atomicOr(pagesOut[word + (index >> 1u)], bits);
}
#endif

#include "shaders/encode/row_f32.glsl"
#include "shaders/encode/row_f16.glsl"
#include "shaders/encode/row_q8_0.glsl"
#include "shaders/encode/row_q4_0.glsl"

#ifdef ROWS_LOAD
void rowChunk(uint storage, uint base, uint dim, uint row, uint chunk, out vec4 v[8]) {
    if (storage == kRowF32) rowChunkF32(base, dim, row, chunk, v);
    if (storage == kRowF16) rowChunkF16(base, dim, row, chunk, v);
    if (storage == kRowQ8_0) rowChunkQ8_0(base, dim, row, chunk, v);
    if (storage == kRowQ4_0) rowChunkQ4_0(base, dim, row, chunk, v);
}
vec4 rowQuad(uint storage, uint base, uint dim, uint row, uint quad) {
    if (storage == kRowF32) return rowQuadF32(base, dim, row, quad);
    if (storage == kRowF16) return rowQuadF16(base, dim, row, quad);
    if (storage == kRowQ8_0) return rowQuadQ8_0(base, dim, row, quad);
    return rowQuadQ4_0(base, dim, row, quad);
}
void rowEight(uint storage, uint base, uint dim, uint row, uint eight, out vec4 a, out vec4 b) {
    if (storage == kRowF32) rowEightF32(base, dim, row, eight, a, b);
    if (storage == kRowF16) rowEightF16(base, dim, row, eight, a, b);
    if (storage == kRowQ8_0) rowEightQ8_0(base, dim, row, eight, a, b);
    if (storage == kRowQ4_0) rowEightQ4_0(base, dim, row, eight, a, b);
}
#endif
#ifdef ROWS_STORE
void rowStore(uint storage, uint base, uint dim, uint row, uint chunk, float v[32]) {
    if (storage == kRowF32) rowStoreF32(base, dim, row, chunk, v);
    if (storage == kRowF16) rowStoreF16(base, dim, row, chunk, v);
    if (storage == kRowQ8_0) rowStoreQ8_0(base, dim, row, chunk, v);
    if (storage == kRowQ4_0) rowStoreQ4_0(base, dim, row, chunk, v);
}
#endif
