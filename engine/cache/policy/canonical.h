// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <variant>

#include "engine/cache/policy/policy.h"
#include "engine/cache/policy/registry.h"

namespace kvscope::cache {

/// The one form among equal policies: positional arguments named, arguments equal to the default dropped and in the
/// registry's order; share in the order prefix, blocks, layers, heads; protectors before the scorer; a role in f16
/// unnamed; `exact` only when all axes are native and the rows f32. Members that the registry lacks stay as they are.
[[nodiscard]] CachePolicy canonical(CachePolicy policy, std::span<const MemberInfo> registry);

/// The text of a canonical policy; a member's only parameter is written by position, also at its default.
[[nodiscard]] std::string policyText(const CachePolicy& policy, std::span<const MemberInfo> registry);

/// The chain of a role.
[[nodiscard]] Chain& chainOf(EncodePart& encode, Role role);
[[nodiscard]] const Chain& chainOf(const EncodePart& encode, Role role);

/// True when every axis is native, whatever the rows are stored in.
[[nodiscard]] bool isNative(const CachePolicy& policy);

/// True when a value has the parameter's type and lies in its range or among its choices.
[[nodiscard]] bool fits(const Parameter& parameter, const std::variant<double, std::string>& value);
/// "a whole number of rows from 1 to 1048576", "one of a, b".
[[nodiscard]] std::string rangeText(const Parameter& parameter);
/// The default as it would be written: "256", "attention".
[[nodiscard]] std::string defaultText(const Parameter& parameter);

}  // namespace kvscope::cache
