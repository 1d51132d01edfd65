// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/hparams.h"
#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architecture `gemma4` (architectures.md 10): windowed and full layers with heads of two sizes, trailing layers that
/// read earlier layers' rows, per-layer embeddings, values from the key projection, experts beside the dense part.
Result<void> buildGemma4(const gguf::File& file, TensorTable& tensors, Program& program);

/// Windows, head sizes by the kind of layer, and the layers whose rows others read.
Result<void> readGemma4Keys(const gguf::File& file, Hparams& hparams);

}  // namespace kvscope::model
