// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kvscope::vulkan {

/// What a compute shader declares, read from its SPIR-V (specification: Khronos SPIR-V 1.5).
struct ShaderInterface {
    std::vector<std::uint32_t> bindings;  ///< storage buffers of set 0, ascending, each once
    std::uint32_t pushBytes = 0;          ///< size of the push-constant block
};

[[nodiscard]] ShaderInterface reflect(std::span<const std::uint32_t> spirv);

}  // namespace kvscope::vulkan
