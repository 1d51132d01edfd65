// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(CompressPush)
uint width;         // channels of the result
uint ratio;         // tokens of a block
uint ring;          // tokens that a sequence's ring holds
uint valueOffset;   // words: column 0
uint valueStride;   // words from column to column
uint gateOffset;
uint gateStride;
uint apeOffset;     // words
uint outOffset;
uint outStride;
KVS_PUSH_END
