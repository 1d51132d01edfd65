// SPDX-License-Identifier: Apache-2.0
// Reductions over a workgroup. With KVS_SUBGROUP the host makes a workgroup exactly one subgroup, so no barrier is
// needed (barriers cost a factor of nine on CPU implementations); otherwise a fixed tree through shared memory.
#ifdef KVS_SUBGROUP
float wgAdd(float x) { return subgroupAdd(x); }
float wgMax(float x) { return subgroupMax(x); }
void wgBarrier() {
    subgroupBarrier();
}
#else
shared float kvsReduce[128];
void wgBarrier() {
    memoryBarrierBuffer();
    barrier();
}
float wgAdd(float x) {
    uint lane = gl_LocalInvocationID.x;
    kvsReduce[lane] = x;
    barrier();
    for (uint step = LOCAL / 2u; step > 0u; step /= 2u) {
        if (lane < step) kvsReduce[lane] += kvsReduce[lane + step];
        barrier();
    }
    float sum = kvsReduce[0];
    barrier();
    return sum;
}
float wgMax(float x) {
    uint lane = gl_LocalInvocationID.x;
    kvsReduce[lane] = x;
    barrier();
    for (uint step = LOCAL / 2u; step > 0u; step /= 2u) {
        if (lane < step) kvsReduce[lane] = max(kvsReduce[lane], kvsReduce[lane + step]);
        barrier();
    }
    float largest = kvsReduce[0];
    barrier();
    return largest;
}
#endif
