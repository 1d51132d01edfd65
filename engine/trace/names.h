// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "engine/trace/records.h"

namespace kvscope::trace {

/// "prefill" or "decode".
[[nodiscard]] const char* name(Phase phase);

/// The inverse of name(): sets the value and returns true, or leaves it and returns false for an unknown name.
[[nodiscard]] bool fromName(std::string_view text, Phase& phase);
[[nodiscard]] bool fromName(std::string_view text, Axis& axis);
[[nodiscard]] bool fromName(std::string_view text, DecisionKind& kind);
[[nodiscard]] bool fromName(std::string_view text, TrafficCategory& category);
[[nodiscard]] bool fromName(std::string_view text, HeadMetric& metric);

}  // namespace kvscope::trace
