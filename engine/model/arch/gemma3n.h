// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/hparams.h"
#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architecture `gemma3n` (architectures.md 9): parallel residual streams of which one is computed and the others are
/// predicted and corrected (AltUp), a low-rank branch (Laurel), per-layer embeddings, sparse gates, trailing layers
/// that read earlier layers' rows.
Result<void> buildGemma3n(const gguf::File& file, TensorTable& tensors, Program& program);

/// Windows and the layers whose rows others read.
Result<void> readGemma3nKeys(const gguf::File& file, Hparams& hparams);

}  // namespace kvscope::model
