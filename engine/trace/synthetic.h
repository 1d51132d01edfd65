// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/trace/history.h"

namespace kvscope::trace {

/// A made-up run for tests of views, of the file format and of scale. The figures follow simple laws (rows grow up to a
/// budget that differs by head, errors grow with what was evicted); they come from no model.
struct SyntheticOptions {
    std::uint64_t steps = 256;
    std::uint32_t nLayers = 4;
    std::uint32_t nHeads = 8;
    std::uint32_t nKvHeads = 4;
    std::uint32_t headDim = 32;
    std::uint32_t sequences = 1;
    std::uint32_t prefillSteps = 2;    ///< steps of 64 tokens at the start, then one token a step
    std::uint32_t budget = 96;         ///< rows a KV head keeps about
    std::uint32_t errorEvery = 8;      ///< error metrics on every n-th step, 0 = never
    std::uint64_t policySwitchAt = 0;  ///< step before which the policy changes, 0 = none
    std::uint64_t seed = 1;
};

[[nodiscard]] RunInfo syntheticRun(const SyntheticOptions& options);
/// Step `index` of the run; the same options and index give the same bundle.
[[nodiscard]] BundlePtr syntheticStep(const SyntheticOptions& options, std::uint64_t index);
/// All steps.
[[nodiscard]] History syntheticHistory(const SyntheticOptions& options);

}  // namespace kvscope::trace
