// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "engine/gguf/tensor_type.h"

namespace kvscope::gguf {

/// True when it is known which bytes of the type's blocks are numbers of several bytes.
[[nodiscard]] bool hasBlockOrder(TensorType type);
/// True when the blocks of the type are the same in both byte orders: single bytes only.
[[nodiscard]] bool isOrderFree(TensorType type);
/// Turns whole blocks of the type from one byte order to the other, in place; twice is nothing. `blocks` holds whole
/// blocks and hasBlockOrder(type) holds, else nothing happens.
void swapBlocks(TensorType type, std::span<std::byte> blocks);

}  // namespace kvscope::gguf
