// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "engine/text/chat/value.h"

namespace kvscope::text {

/// A JSON value as a template sees it. Unsigned numbers beyond 63 bits become floats.
[[nodiscard]] Value valueOf(const nlohmann::ordered_json& json, Budget& budget, std::size_t depth = 0);

}  // namespace kvscope::text
