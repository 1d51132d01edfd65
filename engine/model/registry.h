// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "engine/model/operations.h"
#include "engine/model/tensor_table.h"

namespace kvscope::model {

/// One architecture: its name in general.architecture and the function that makes its operations.
struct Architecture {
    std::string_view name;
    std::string_view summary;
    /// Appends operations (and warnings) to a program whose hparams are filled in.
    Result<void> (*build)(const gguf::File& file, TensorTable& tensors, Program& program);
};

/// All architectures, in alphabetical order.
[[nodiscard]] std::span<const Architecture> architectures();

}  // namespace kvscope::model
