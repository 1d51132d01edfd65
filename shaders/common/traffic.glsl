// SPDX-License-Identifier: Apache-2.0
// Counting of loads and stores. Every access to a storage buffer goes through a small accessor function that names its
// category here. In ordinary builds these macros are empty; in the counting build they add bytes to `counters`:
//   counters[2 c] bytes requested by loads of category c, counters[2 c + 1] bytes stored;
//   counters[16 + b] word offset of binding b's bitmap in `counters` (0 = no bitmap): one bit a touched 4-byte word.
// A load whose address is the same for a whole subgroup counts once a subgroup, others once a lane.
#ifdef KVS_COUNT_LOADS
layout(std430, set = 0, binding = 15) buffer Counters { uint counters[]; };
void kvsTouch(uint binding, uint word, uint words) {
    uint base = counters[16u + binding];
    if (base == 0u) return;
    for (uint w = word; w < word + words; ++w) atomicOr(counters[base + (w >> 5u)], 1u << (w & 31u));
}
void kvsLane(uint category, uint binding, uint word, uint words) {
    atomicAdd(counters[2u * category], 4u * words);
    kvsTouch(binding, word, words);
}
void kvsUniform(uint category, uint binding, uint word, uint words) {
    if (subgroupElect()) {
        atomicAdd(counters[2u * category], 4u * words);
        kvsTouch(binding, word, words);
    }
}
void kvsStore(uint category, uint bytes) { atomicAdd(counters[2u * category + 1u], bytes); }
#define KVS_LANE(category, binding, word, words) kvsLane(category, binding, word, words)
#define KVS_UNIFORM(category, binding, word, words) kvsUniform(category, binding, word, words)
#define KVS_STORE(category, bytes) kvsStore(category, bytes)
#else
#define KVS_LANE(category, binding, word, words)
#define KVS_UNIFORM(category, binding, word, words)
#define KVS_STORE(category, bytes)
#endif
