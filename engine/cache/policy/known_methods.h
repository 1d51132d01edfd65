// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "engine/cache/policy/registry.h"

namespace kvscope::cache {

/// A member of the policy language that this version reads by name but does not run.
struct KnownMethod {
    Place place = Place::Share;
    std::string_view name;
};

/// Names that get "is a known method that this version does not run yet" instead of "no such method".
/// A name that enters the registry leaves this list (a test compares them).
[[nodiscard]] std::span<const KnownMethod> knownMethods();

/// "share", "encode", "keep" or "read": the axis on which a place lies.
[[nodiscard]] std::string_view axisWord(Place place);

/// The axis of a registered, known or alias name, of the first place that has it; else empty.
[[nodiscard]] std::string_view axisOfName(std::string_view name);

}  // namespace kvscope::cache
