// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(NormPush)
uint width;      // values of a group, a multiple of 4
uint inOffset;   // words: column 0
uint inStride;   // words from column to column
uint outOffset;
uint outStride;
uint gainOffset; // words
float eps;
KVS_PUSH_END
