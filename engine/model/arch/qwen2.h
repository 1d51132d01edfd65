// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architecture `qwen2` (architectures.md 4): as llama, with biases on queries, keys and values and rotation of halves.
Result<void> buildQwen2(const gguf::File& file, TensorTable& tensors, Program& program);

}  // namespace kvscope::model
