// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(ColumnStatsPush)
uint width;
uint inOffset;      // words: column 0
uint inStride;      // words from column to column
uint otherOffset;   // the column whose norm is taken over
uint otherStride;
uint outOffset;
uint outStride;
float multiplier;
KVS_PUSH_END
