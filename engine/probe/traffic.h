// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/kernels/traffic.h"
#include "engine/trace/records.h"

namespace kvscope::probe {

/// Adds one dispatch to the figures by kernel.
void addDispatch(std::vector<trace::KernelRecord>& records, const std::string& kernel, const kernels::Traffic& traffic,
                 std::uint64_t gpuNs);

/// Bytes by category as the trace records them.
[[nodiscard]] trace::TrafficRecord trafficRecord(const kernels::Traffic& traffic);

/// Bytes of keys and values read in this step, by (layer, KV head), of one sequence.
[[nodiscard]] trace::HeadMetricRecord kvReadByHead(std::uint32_t sequence, std::span<const std::uint64_t> bytes);

}  // namespace kvscope::probe
