// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/hparams.h"
#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architecture `laguna`: queries and keys normed over each head, query heads by layer, full and windowed layers with
/// rotations of their own (scaled in full ones only), what the heads give multiplied by softplus(attn_gate of the
/// layer's normed input) by head or by element, dense layers first and then experts beside a shared one.
Result<void> buildLaguna(const gguf::File& file, TensorTable& tensors, Program& program);

/// Windows of all layers but the first of every four, where the file has a window.
Result<void> readLagunaKeys(const gguf::File& file, Hparams& hparams);

}  // namespace kvscope::model
