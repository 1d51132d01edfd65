// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(HyperPush)
uint columns;
uint inOffset;     // words: column 0
uint inStride;     // words from column to column
uint outOffset;
uint outStride;
uint baseOffset;   // words
uint scaleOffset;
uint iterations;
float eps;
KVS_PUSH_END
