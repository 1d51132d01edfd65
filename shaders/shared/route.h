// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(RoutePush)
uint columns;
uint inOffset;     // words: column 0
uint inStride;     // words from column to column
uint outOffset;
uint outStride;
uint experts;
uint used;
uint groups;
uint groupsUsed;
uint biasOffset;   // words
uint gainOffset;
uint normalise;    // 1: weights sum to one
float scale;
KVS_PUSH_END
