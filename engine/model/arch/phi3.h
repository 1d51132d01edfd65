// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architecture `phi3` (architectures.md 6): fused attn_qkv, fused gate and up rows in ffn_up, rotation of halves with
/// one of two tables of factors.
Result<void> buildPhi3(const gguf::File& file, TensorTable& tensors, Program& program);

}  // namespace kvscope::model
