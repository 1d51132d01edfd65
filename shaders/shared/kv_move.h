// SPDX-License-Identifier: Apache-2.0
#ifdef __cplusplus
#pragma once
#endif
#include "shaders/shared/types.h"

KVS_PUSH_BEGIN(KvMovePush)
uint first;          // first move of this dispatch
uint count;          // moves in all
uint fromPageWords;
uint fromValues;     // words from a page's start to its values
uint toPageWords;
uint toValues;
KVS_PUSH_END
