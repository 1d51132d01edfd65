// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(CopyHeadsPush)
uint heads;
uint width;      // values copied of each head
uint inOffset;   // words: column 0
uint inStride;   // words from column to column
uint inStep;     // words from head to head
uint outOffset;
uint outStride;
uint outStep;
KVS_PUSH_END
