// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(MapPush)
uint width;
uint aOffset;      // words: column 0
uint aStride;      // words from column to column
uint bOffset;
uint bStride;
uint outOffset;
uint outStride;
uint gainOffset;   // words
uint gainWidth;    // values after which the gain repeats
float constant;
KVS_PUSH_END
