// SPDX-License-Identifier: Apache-2.0
#include "engine/probe/occupancy.h"

#include <cmath>

namespace kvscope::probe {

std::vector<trace::OccupancyRecord> occupancy(const cache::RegionStore& store,
                                              std::span<const OccupancySubject> subjects, const TokenBytes& tokenBytes,
                                              std::uint64_t bytesHeld) {
    std::vector<trace::OccupancyRecord> records(1);
    for (const OccupancySubject& subject : subjects) {
        trace::OccupancyRecord one;
        one.sequence = subject.id;
        for (std::uint32_t stream = 0; stream < store.cells().streams(); ++stream) {
            for (std::uint32_t head = 0; head < store.cells().kvHeads(stream); ++head) {
                const std::uint64_t rows = store.cells().rows({subject.slot, stream, head});
                one.logicalRows += rows;
                one.bytesUsed += rows * store.rowBytes(stream);
            }
        }
        one.physicalRows = one.logicalRows;  // no row has two owners in this version
        one.bytesNativeF16 = tokenBytes.native(subject.processed);
        one.bytesMhaF16 = subject.processed * tokenBytes.mha;
        records.front().logicalRows += one.logicalRows;
        records.front().physicalRows += one.physicalRows;
        records.front().bytesUsed += one.bytesUsed;
        records.front().bytesNativeF16 += one.bytesNativeF16;
        records.front().bytesMhaF16 += one.bytesMhaF16;
        records.push_back(one);
    }
    records.front().bytesAllocated = store.pageBytesAllocated() + store.ringBytes();
    records.front().bytesIndex = store.indexBytes();
    records.front().bytesHeld = bytesHeld;
    return records;
}

std::vector<trace::HeadMetricRecord> occupancyByHead(const cache::RegionStore& store, const OccupancySubject& subject,
                                                     const HeadGrid& grid) {
    const std::vector<float> none(std::size_t{grid.layers} * grid.kvHeads, std::nanf(""));
    trace::HeadMetricRecord rows{trace::HeadMetric::ResidentRows, subject.id, none};
    trace::HeadMetricRecord compressed{trace::HeadMetric::CompressedRows, subject.id, none};
    trace::HeadMetricRecord index{trace::HeadMetric::IndexRows, subject.id, none};
    trace::HeadMetricRecord bytes{trace::HeadMetric::BytesUsed, subject.id, none};
    bool blocks = false;
    bool indexed = false;
    const auto add = [](float& to, std::uint64_t value) {
        to = (std::isnan(to) ? 0.0F : to) + static_cast<float>(value);
    };
    for (std::uint32_t stream = 0; stream < store.cells().streams(); ++stream) {
        const cache::StreamShape& shape = store.shape().streams[stream];
        trace::HeadMetricRecord& counted = shape.index ? index : shape.tokensPerRow > 1 ? compressed : rows;
        blocks = blocks || (!shape.index && shape.tokensPerRow > 1);
        indexed = indexed || shape.index;
        for (std::uint32_t head = 0; head < store.cells().kvHeads(stream); ++head) {
            const std::size_t at = std::size_t{shape.layer} * grid.kvHeads + head;
            const std::uint64_t count = store.cells().rows({subject.slot, stream, head});
            add(counted.values[at], count);
            add(bytes.values[at], count * store.rowBytes(stream));
        }
    }
    std::vector<trace::HeadMetricRecord> records{std::move(rows), std::move(bytes)};
    if (blocks) records.push_back(std::move(compressed));
    if (indexed) records.push_back(std::move(index));
    return records;
}

}  // namespace kvscope::probe
