// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architectures `qwen3` and `qwen3moe` (architectures.md 5): as llama, with queries and keys normed over each head and
/// rotation of halves.
Result<void> buildQwen3(const gguf::File& file, TensorTable& tensors, Program& program);

}  // namespace kvscope::model
