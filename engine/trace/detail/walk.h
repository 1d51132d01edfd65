// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/trace/export.h"

namespace kvscope::trace::detail {

inline constexpr std::uint64_t kWalkSteps = 64;  ///< steps held in memory at a time

/// Calls visit(bundle) → Result<void> for each step of a run, with progress and stop of the options.
template <typename F>
Result<void> walk(const StepSource& source, const ExportOptions& options, F&& visit) {
    const std::uint64_t total = source.stepCount();
    for (std::uint64_t first = 0; first < total; first += kWalkSteps) {
        if (options.progress) options.progress(static_cast<double>(first) / static_cast<double>(total));
        const Result<std::vector<BundlePtr>> block = source.steps(first, kWalkSteps);
        if (!block) return forward(block);
        for (const BundlePtr& bundle : *block) {
            if (options.stop.stop_requested()) return fail(ErrorKind::Cancelled, "export", "was cancelled");
            if (const Result<void> done = visit(*bundle); !done) return done;
        }
    }
    if (options.progress) options.progress(1);
    return {};
}

}  // namespace kvscope::trace::detail
