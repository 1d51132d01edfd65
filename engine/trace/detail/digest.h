// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "engine/trace/records.h"

namespace kvscope::trace::detail {

/// Digest of the run row.
[[nodiscard]] std::int64_t digest(const RunInfo& run);
/// Digest of all that a bundle holds and of its index in the file: a row that is changed, missing or moved shows.
[[nodiscard]] std::int64_t digest(const StepBundle& bundle, std::uint64_t index);

}  // namespace kvscope::trace::detail
