// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(RopeAppendPush)
uint heads;        // query heads
uint kvHeads;
uint queryOffset;  // words: head 0 of column 0
uint queryStride;  // words from column to column
uint queryHead;    // words from head to head
uint keyOffset;
uint keyStride;
uint valueOffset;
uint valueStride;
uint begin;        // first rotated value of a head
uint pairs;        // rotated pairs of a head
uint slotBase;     // word of the layer's slots in the index: [KV head][column]
uint slotStride;   // columns the slots have room for
uint pageWords;    // words of a page, keys and values
uint pageValues;   // words from a page's start to its values
uint exactStride;  // words from position to position of the rows kept aside
float sign;        // of the angles: -1 rotates back
KVS_PUSH_END
