// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/cli/json.h"
#include "engine/planner/plan.h"

namespace kvscope::cli {

/// Where a plan's numbers come from.
struct PlanFacts {
    std::string preset;         ///< empty = a file
    std::string file;           ///< empty = a preset
    std::string source;         ///< of the dimensions, a sentence
    std::string policy;         ///< as given
    std::string bandwidthFrom;  ///< "given", "measured" or empty
    std::string device;         ///< on which it was measured
};

/// A plan in full, and the same model at other lengths.
struct PlanReport {
    const planner::Planner& planner;
    PlanFacts facts;
    planner::Plan plan;
    std::vector<planner::Plan> byContext;
};

/// The object of `plan --json`; app/cli/README.md has its fields.
[[nodiscard]] Json planJson(const PlanReport& report);
/// Tables for a person.
[[nodiscard]] std::string planText(const PlanReport& report);

}  // namespace kvscope::cli
