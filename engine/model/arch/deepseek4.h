// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/hparams.h"
#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architecture `deepseek4` (architectures.md 12): one shared key and value head, a window in every layer, compressed
/// rows beside it (all of them, or those that an indexer selects), sinks, a counter-rotation, grouped output,
/// hyper-connections around every part, experts chosen by score or by token.
Result<void> buildDeepseek4(const gguf::File& file, TensorTable& tensors, Program& program);

/// Window, ratios of compression, and the indexer.
Result<void> readDeepseek4Keys(const gguf::File& file, Hparams& hparams);

}  // namespace kvscope::model
