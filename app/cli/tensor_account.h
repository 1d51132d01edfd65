// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/model/operations.h"

namespace kvscope::cli {

/// A tensor that an architecture asks for and a file lacks.
struct MissingTensor {
    std::string name;
    std::vector<std::uint64_t> dims;  ///< ne0 first
};

/// Names of the file's tensors that the program neither reads nor has taken values from. `file` is the one that the
/// program was built from.
[[nodiscard]] std::vector<std::string> unusedTensors(const gguf::File& file, const model::Program& program);

/// The missing tensor that this error of model::buildProgram() tells of; nothing for any other error.
[[nodiscard]] std::optional<MissingTensor> missingTensor(const gguf::File& file, const Error& error);

/// What the file lacks, as far as that can be told.
struct MissingTensors {
    std::vector<MissingTensor> tensors;  ///< in the order in which the architecture asks for them
    bool complete = false;               ///< false: building stopped for another reason, or there are very many
    std::vector<std::string> unused;     ///< as unusedTensors(), if complete
};
/// Opens the file again and builds its program with a placeholder for each tensor that turns out to be missing, `first`
/// to begin with.
[[nodiscard]] Result<MissingTensors> findMissingTensors(const gguf::File& file, MissingTensor first);

}  // namespace kvscope::cli
