// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/model/hparams.h"

namespace kvscope::planner {

/// A model whose layers are all alike: grouped-query attention without windows.
struct UniformModel {
    std::string_view architecture;
    std::string_view name;
    std::uint32_t layers = 0;
    std::uint32_t heads = 0;
    std::uint32_t kvHeads = 0;
    std::uint32_t headDim = 0;
    std::uint32_t context = 0;
};
[[nodiscard]] model::Hparams makeUniform(const UniformModel& model);

/// Sets every `period`-th layer to full attention and the others to a window; period 6: layers 5, 11, 17, …
void setWindows(model::Hparams& hparams, std::uint32_t period, std::uint32_t window);

}  // namespace kvscope::planner
