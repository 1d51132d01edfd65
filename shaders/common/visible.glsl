// SPDX-License-Identifier: Apache-2.0
// What a query at position p sees of a row at position k: causal, inside the architecture's own window, and kept by the
// policy (sinks and window; window 0 = keep all). kFreeRow is never <= p.
bool visible(uint p, uint k) {
    if (k > p) return false;
    if (pc.nativeWindow != 0u && p - k >= pc.nativeWindow) return false;
    return pc.window == 0u || k < pc.sinks || p - k < pc.window;
}
