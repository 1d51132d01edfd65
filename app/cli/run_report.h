// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "app/cli/json.h"
#include "app/cli/run_loop.h"

namespace kvscope::cli {

/// A run that ended, for its report.
struct FinishedRun {
    const RunSettings& settings;
    runtime::Engine& engine;
    const runtime::Session& session;
    const RunLoop& loop;
    std::string policyRequested, policyEffective;  ///< of the first step
    std::size_t sequences = 1;
};

/// Everything that `run --json` prints.
[[nodiscard]] Json runJson(const FinishedRun& run);
/// A few lines for a person.
[[nodiscard]] std::string runText(const FinishedRun& run);

/// {read_requested, read_unique, written} bytes a decoded token, by category.
[[nodiscard]] Json trafficJson(const trace::Summary& summary);
/// [{kernel, dispatches, …}], the slowest or else the one that reads most first.
[[nodiscard]] Json kernelsJson(const std::map<std::string, trace::KernelRecord>& kernels);

}  // namespace kvscope::cli
