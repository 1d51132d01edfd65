// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architecture `llama` (architectures.md 3): pre-norm blocks, rotation of adjacent pairs, grouped heads, SwiGLU or a
/// mixture of experts. A fused attn_qkv and optional biases of the four attention products are understood.
Result<void> buildLlama(const gguf::File& file, TensorTable& tensors, Program& program);

}  // namespace kvscope::model
