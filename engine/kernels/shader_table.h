// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kvscope::kernels {

/// One compiled shader; the table is generated at build time (cmake/KvscopeShaders.cmake).
struct ShaderBinary {
    std::string_view kernel;   ///< "attn_decode"
    std::string_view variant;  ///< "base", "sub" or "count"
    std::span<const std::uint32_t> spirv;
};
[[nodiscard]] std::span<const ShaderBinary> shaderTable();

}  // namespace kvscope::kernels
