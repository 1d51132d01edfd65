// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <span>
#include <vector>

#include "engine/runtime/engine.h"

namespace kvscope::cli {

/// Keys stay in the order in which they were set.
using Json = nlohmann::ordered_json;

/// Version of what --json prints; raised when a field changes its meaning or goes.
inline constexpr int kJsonVersion = 1;

/// The number, or null for NaN and infinities: unknown is null.
[[nodiscard]] Json number(double value);
/// One number where all are equal, else the array.
[[nodiscard]] Json uniform(std::span<const std::uint32_t> values);
/// {name, uuid, driver, kind, is_cpu}
[[nodiscard]] Json deviceJson(const runtime::DeviceDescription& device);
/// Prints to stdout, two spaces a level; bytes that are no UTF-8 become U+FFFD.
void printJson(const Json& json);

}  // namespace kvscope::cli
