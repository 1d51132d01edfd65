// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/error.h"
#include "engine/gguf/file.h"
#include "engine/model/hparams.h"

namespace kvscope::planner {

/// Weights that one decode step reads.
struct WeightsRead {
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> values;  ///< of matrices: two operations each; nothing when only the bytes were given
};

/// From the sizes of the file's tensors: all that a layer of the model owns, one row of tables that are looked up, the
/// chosen share of a layer's experts, and the embeddings once more in whole where they are the output matrix too.
/// Nothing when the file has experts and does not say how many a token uses. Never an estimate from a count of
/// parameters. Errors name file and key.
[[nodiscard]] Result<std::optional<WeightsRead>> weightsRead(const gguf::File& file, const model::Hparams& hparams);

}  // namespace kvscope::planner
