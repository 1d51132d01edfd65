// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(MatMulPush)
uint section0;   // word offsets of the weight's sections
uint section1;
uint section2;
uint section3;
uint blocks;     // runs of 32 values in a row
uint rows;       // output rows of this dispatch (of the gate, when gated)
uint colBegin;   // first column
uint inOffset;   // words: column 0
uint inStride;   // words from column to column of the input
uint outOffset;  // words: where row 0 of column 0 goes
uint outStride;  // words from column to column of the output
uint biasOffset; // words
uint inStep;     // words from group to group
uint outStep;
uint routeOffset; // words: column 0 of the chosen experts
uint routeStride;
uint expertBegin; // experts whose matrices lie in this piece
uint expertCount;
float scale;     // of the product
float clampAt;   // gated, with CLAMP: the gate is at most this, the other within +- this
KVS_PUSH_END
