// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/hparams.h"
#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architecture `gemma3` (architectures.md 8): as gemma2, with queries and keys normed over each head, no soft cap on
/// scores, and another rotation base in windowed layers.
Result<void> buildGemma3(const gguf::File& file, TensorTable& tensors, Program& program);

/// Windows of all layers but every sixth.
Result<void> readGemma3Keys(const gguf::File& file, Hparams& hparams);

}  // namespace kvscope::model
