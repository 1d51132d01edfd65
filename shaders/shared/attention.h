// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

// One push block for the kernels that read the cache: attn_decode, attn_combine, attn_scores, attn_error.
KVS_PUSH_BEGIN(AttentionPush)
uint column;        // first column of the dispatch
uint headBase;      // KV heads of the streams before: with sequence * headStride, the place in the row counts
uint headStride;    // KV heads of all streams
uint tableBase;     // word of the first page table
uint tableStride;   // pages a table has room for
uint firstBase;     // word of the heads' first slots, 0 = they begin with slot 0
uint kvHeads;
uint heads;         // query heads
uint parts;         // workgroups that share a KV head: each serves GROUP of its query heads
uint splits;        // splits that the partial results have room for, of all streams
uint splitBase;     // first split of this stream; combine: of the second stream
uint splitCount;    // combine: splits of the second stream, 0 = there is none
uint listStride;    // words from column to column of the selected slots: a count, then slots
uint sinkOffset;    // combine: words
uint queryOffset;   // words: head 0 of column 0
uint queryStride;   // words from column to column
uint outOffset;     // words: head 0 of column 0 of the attention output
uint outStride;
uint pageWords;     // words of a page, keys and values
uint valueOffset;   // words from a page's start to its values
uint sinks;
uint window;        // 0 = the policy keeps all
uint nativeWindow;  // 0 = the architecture has none
uint exactRows;     // error probe: rows of one head's score list
uint record;        // error probe: index of the first record written
uint tapBase;       // error probe: words
float scale;
float softcap;
KVS_PUSH_END
