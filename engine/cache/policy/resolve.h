// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "engine/cache/policy/policy.h"
#include "engine/cache/policy/registry.h"
#include "engine/cache/policy/syntax.h"

namespace kvscope::cache {

/// Gives the names of a tree their meaning from a registry: looks members up, names positional arguments, checks
/// types and ranges and the order of chains, and returns the canonical policy. BadPolicy names axis, token, column.
/// The registry is a parameter so that the whole language can be tested apart from what a version runs.
[[nodiscard]] Result<CachePolicy> resolve(PolicyTree tree, std::span<const MemberInfo> registry);

}  // namespace kvscope::cache
