// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/hparams.h"
#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// Architecture `deepseek2` (architectures.md 11): latent attention of DeepSeek V2 and V3 and a mixture of experts.
/// With attn_k_b and attn_v_b the heads attend to the latent itself (absorbed form); with attn_kv_b to keys and values
/// made from it (naive form), which a warning says.
Result<void> buildDeepseek2(const gguf::File& file, TensorTable& tensors, Program& program);

/// The latent's rank, and the sizes of a head's keys and values as they are without absorption.
Result<void> readDeepseek2Keys(const gguf::File& file, Hparams& hparams);

}  // namespace kvscope::model
