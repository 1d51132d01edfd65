// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/error.h"
#include "engine/gguf/tensor_type.h"

namespace kvscope::gguf {

/// Decodes whole blocks: `out.size()` values from `bytes` (out.size() / blockValues * blockBytes of them).
/// Layouts: architectures.md 16.1. Error when the type has no decoder here or the sizes do not agree.
Result<void> dequantise(TensorType type, std::span<const std::byte> bytes, std::span<float> out);

/// Encodes whole blocks as ggml's reference quantiser does (F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0), for the
/// writer and for tests. out.size() must be values / blockValues * blockBytes.
Result<void> quantise(TensorType type, std::span<const float> values, std::span<std::byte> out);

}  // namespace kvscope::gguf
