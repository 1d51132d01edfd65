// SPDX-License-Identifier: Apache-2.0
#include "engine/probe/traffic.h"

#include <algorithm>

namespace kvscope::probe {

void addDispatch(std::vector<trace::KernelRecord>& records, const std::string& kernel, const kernels::Traffic& traffic,
                 std::uint64_t gpuNs) {
    auto found = std::ranges::find(records, kernel, &trace::KernelRecord::kernel);
    if (found == records.end()) found = records.insert(records.end(), trace::KernelRecord{.kernel = kernel});
    ++found->dispatches;
    for (const kernels::CategoryTraffic& category : traffic.category) {
        found->bytesRead += category.requested;
        found->bytesUnique += category.unique;
        found->bytesWritten += category.written;
    }
    found->flops += traffic.flops;
    found->gpuNs += gpuNs;
}

trace::TrafficRecord trafficRecord(const kernels::Traffic& traffic) {
    trace::TrafficRecord record;
    for (std::size_t i = 0; i < trace::kTrafficCategories; ++i) {
        const kernels::CategoryTraffic& from = traffic.category.at(i);
        record.byCategory.at(i) = {from.requested, from.unique, from.written};
    }
    return record;
}

trace::HeadMetricRecord kvReadByHead(std::uint32_t sequence, std::span<const std::uint64_t> bytes) {
    trace::HeadMetricRecord record{trace::HeadMetric::KvReadBytes, sequence, {}};
    for (const std::uint64_t value : bytes) record.values.push_back(static_cast<float>(value));
    return record;
}

}  // namespace kvscope::probe
