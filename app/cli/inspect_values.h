// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/cli/json.h"
#include "engine/gguf/file.h"

namespace kvscope::cli {

/// {key, type, count, value}: a scalar's value; of an array the first values (at most 16), and "element_type".
[[nodiscard]] Json keyJson(const gguf::File& file, const gguf::KeyValue& entry);
/// [{file, bytes, tensors}, …], the files of the model
[[nodiscard]] Json partsJson(const gguf::File& file);
/// {name, type, dims, bytes, part, offset}; parts count from 1
[[nodiscard]] Json tensorJson(const gguf::TensorInfo& tensor);
/// {"Q8_0": {tensors, bytes}, …}
[[nodiscard]] Json tensorTypesJson(const gguf::File& file);

}  // namespace kvscope::cli
