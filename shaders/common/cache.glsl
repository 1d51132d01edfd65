// SPDX-License-Identifier: Apache-2.0
// How kernels find rows. `index` holds, for (sequence slot, layer, KV head): the number of occupied slots, and a page
// table. Slot s of a head is row s % kPageRows of page table[s / kPageRows]; `positions` gives each row's position in
// the sequence (kFreeRow: none). Bindings 0 to 2 of every kernel that reads the cache.
layout(std430, set = 0, binding = 0) readonly buffer Columns { uint columns[]; };
layout(std430, set = 0, binding = 1) readonly buffer Index { uint cacheIndex[]; };
layout(std430, set = 0, binding = 2) readonly buffer RowPositions { uint positions[]; };

uint columnPosition(uint column) {
    KVS_UNIFORM(kCatIndex, 0u, column * kColumnWords + 1u, 1u);
    return columns[column * kColumnWords + 1u];
}
uint columnSequence(uint column) {
    KVS_UNIFORM(kCatIndex, 0u, column * kColumnWords + 2u, 1u);
    return columns[column * kColumnWords + 2u];
}
uint rowCount(uint head) {
    KVS_UNIFORM(kCatIndex, 1u, head, 1u);
    return cacheIndex[head];
}
// A head's first slot whose page is there; rows before it fell out of a native window.
uint firstSlot(uint base, uint head) {
    if (base == 0u) return 0u;
    KVS_UNIFORM(kCatIndex, 1u, base + head, 1u);
    return cacheIndex[base + head];
}
// The page of a slot; the address is the same for all lanes, since a run of LOCAL slots lies in one page.
uint pageOf(uint table, uint slot) {
    KVS_UNIFORM(kCatIndex, 1u, table + slot / kPageRows, 1u);
    return cacheIndex[table + slot / kPageRows];
}
uint positionOf(uint page, uint row) {
    KVS_LANE(kCatIndex, 2u, page * kPageRows + row, 1u);
    return positions[page * kPageRows + row];
}
