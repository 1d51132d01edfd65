// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

// One push block for the kernels that read the cache: attn_decode, attn_combine, attn_scores, attn_error.
KVS_PUSH_BEGIN(AttentionPush)
uint column;        // first column of the dispatch
uint headBase;      // layer * KV heads: with sequence * headStride, the place in the row counts
uint headStride;    // layers * KV heads
uint tableBase;     // word of the first page table
uint tableStride;   // pages a table has room for
uint kvHeads;
uint splits;        // splits that the partial results have room for
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
float scale;
KVS_PUSH_END
