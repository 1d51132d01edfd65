// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(IndexScoresPush)
uint headBase;       // of the index stream: see AttentionPush
uint headStride;
uint tableBase;
uint tableStride;
uint pageWords;
uint queryOffset;    // words: head 0 of column 0
uint queryStride;
uint weightOffset;   // words: column 0
uint weightStride;
uint heads;
uint capacity;       // words from column to column of the scores
uint topK;
uint listStride;
float scale;
KVS_PUSH_END
