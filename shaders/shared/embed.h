// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(EmbedPush)
uint section0;   // word offsets of the table's sections
uint section1;
uint section2;
uint section3;
uint blocks;     // runs of 32 values in a row
uint rowBegin;   // first token id of this piece of the table
uint rowCount;   // token ids in this piece
uint outOffset;  // words: column 0
uint outStride;  // words from column to column
float scale;
KVS_PUSH_END
