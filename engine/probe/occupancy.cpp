// SPDX-License-Identifier: Apache-2.0
#include "engine/probe/occupancy.h"

namespace kvscope::probe {

std::vector<trace::OccupancyRecord> occupancy(const cache::RegionStore& store,
                                              std::span<const OccupancySubject> subjects, TokenBytes tokenBytes,
                                              std::uint64_t bytesHeld) {
    std::vector<trace::OccupancyRecord> records(1);
    for (const OccupancySubject& subject : subjects) {
        trace::OccupancyRecord one;
        one.sequence = subject.id;
        for (std::uint32_t layer = 0; layer < store.cells().layers(); ++layer) {
            for (std::uint32_t head = 0; head < store.cells().kvHeads(); ++head) {
                one.logicalRows += store.cells().rows({subject.slot, layer, head});
            }
        }
        one.physicalRows = one.logicalRows;  // no row has two owners in this version
        one.bytesUsed = one.physicalRows * store.rowBytes();
        one.bytesNativeF16 = subject.processed * tokenBytes.native;
        one.bytesMhaF16 = subject.processed * tokenBytes.mha;
        records.front().logicalRows += one.logicalRows;
        records.front().physicalRows += one.physicalRows;
        records.front().bytesUsed += one.bytesUsed;
        records.front().bytesNativeF16 += one.bytesNativeF16;
        records.front().bytesMhaF16 += one.bytesMhaF16;
        records.push_back(one);
    }
    records.front().bytesAllocated = store.pageBytesAllocated();
    records.front().bytesIndex = store.indexBytes();
    records.front().bytesHeld = bytesHeld;
    return records;
}

std::vector<trace::HeadMetricRecord> occupancyByHead(const cache::RegionStore& store, const OccupancySubject& subject) {
    trace::HeadMetricRecord rows{trace::HeadMetric::ResidentRows, subject.id, {}};
    trace::HeadMetricRecord bytes{trace::HeadMetric::BytesUsed, subject.id, {}};
    for (std::uint32_t layer = 0; layer < store.cells().layers(); ++layer) {
        for (std::uint32_t head = 0; head < store.cells().kvHeads(); ++head) {
            const std::uint64_t count = store.cells().rows({subject.slot, layer, head});
            rows.values.push_back(static_cast<float>(count));
            bytes.values.push_back(static_cast<float>(count * store.rowBytes()));
        }
    }
    return {std::move(rows), std::move(bytes)};
}

}  // namespace kvscope::probe
