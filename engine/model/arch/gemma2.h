// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/hparams.h"
#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architecture `gemma2` (architectures.md 7): windowed and full layers in turn, soft caps on scores and logits, norms
/// before and after each part, GeGLU.
Result<void> buildGemma2(const gguf::File& file, TensorTable& tensors, Program& program);

/// Windows of the even layers.
Result<void> readGemma2Keys(const gguf::File& file, Hparams& hparams);

}  // namespace kvscope::model
