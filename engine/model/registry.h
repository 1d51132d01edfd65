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
    /// Appends operations (and warnings) to a program whose hparams, layout and standard slots are filled in.
    Result<void> (*build)(const gguf::File& file, TensorTable& tensors, Program& program);
    /// Reads the architecture's own keys that change dimensions (head sizes, windows, sources …), which stand at what
    /// the common keys say; vectors left empty are filled afterwards. May be null.
    Result<void> (*readKeys)(const gguf::File& file, Hparams& hparams) = nullptr;
};

/// All architectures, in alphabetical order.
[[nodiscard]] std::span<const Architecture> architectures();
/// The one of this name, or null.
[[nodiscard]] const Architecture* findArchitecture(std::string_view name);

}  // namespace kvscope::model
