// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(StreamMixPush)
uint width;             // values of one stream
uint inOffset;          // words: column 0
uint inStride;          // words from column to column
uint outOffset;
uint outStride;
uint coefficientOffset;
uint coefficientStride;
uint addendOffset;
uint addendStride;
uint matrix;            // first coefficient of the matrix
uint rowStep;
uint columnStep;
uint vector;            // first coefficient of the addend
float addBias;
KVS_PUSH_END
