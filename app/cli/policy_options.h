// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

#include "engine/base/error.h"
#include "engine/runtime/session.h"

namespace kvscope::cli {

/// Options of a run's cache.
struct PolicyOptions {
    std::string policy;      ///< empty = exact, or what the cache types say
    std::string cacheTypeK;  ///< llama.cpp's -ctk
    std::string cacheTypeV;  ///< llama.cpp's -ctv
    std::uint32_t chunk = 64;
    std::uint32_t rowsCap = 0;
};

/// --policy, -ctk, -ctv, --prefill-chunk under the name `chunkName`, --cache-rows-cap; --help ends with the policies.
void addPolicyOptions(CLI::App& app, PolicyOptions& options, const std::string& chunkName);

/// The policy that the options mean. BadPolicy or BadUsage.
[[nodiscard]] Result<cache::CachePolicy> policyOf(const PolicyOptions& options);

/// True when a policy keeps or reads less than all rows: perplexity feeds its scored tokens one a step.
[[nodiscard]] bool readsLess(const cache::CachePolicy& policy);

/// True when a policy stores rows in a form that changes them beyond f16.
[[nodiscard]] bool changesRows(const cache::CachePolicy& policy);

/// A number between the bounds; NaN is refused (CLI::Range lets it pass).
[[nodiscard]] CLI::Validator between(double minimum, double maximum);

}  // namespace kvscope::cli
