// SPDX-License-Identifier: Apache-2.0
#include "engine/probe/decisions.h"

#include <limits>

namespace kvscope::probe {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

trace::DecisionRecord blank() {
    trace::DecisionRecord record;
    record.score = record.threshold = record.predictedError = record.verifiedError = kNone;
    return record;
}

}  // namespace

trace::DecisionRecord evictionRecord(const cache::StoreEvent& event, const cache::CachePolicy& policy,
                                     std::uint32_t sequence, std::uint64_t heads) {
    trace::DecisionRecord record = blank();
    record.sequence = sequence;
    record.axis = trace::Axis::Keep;
    record.kind = trace::DecisionKind::Evict;
    for (const cache::Member& member : policy.keep.chain) {
        record.method += (record.method.empty() ? "" : "+") + member.name;
    }
    record.rows = event.rowsDropped;
    record.positionFirst = event.positionFirst;
    record.positionLast = event.positionLast;
    record.bytes = static_cast<std::int64_t>(event.bytesDropped);
    const std::uint64_t each = event.rowsDropped / heads;
    if (!event.perHeadEqual) {
        record.text =
            fmt::format("evict {} rows, positions {} … {}", event.rowsDropped, event.positionFirst, event.positionLast);
    } else if (each == 1) {
        record.text = fmt::format("evict position {} in every head", event.positionFirst);
    } else {
        record.text =
            fmt::format("evict {} rows a head, positions {} … {}", each, event.positionFirst, event.positionLast);
    }
    return record;
}

trace::DecisionRecord switchRecord(const PolicySwitch& change) {
    trace::DecisionRecord record = blank();
    const bool encodes = change.from.encode != change.to.encode || change.from.exact != change.to.exact;
    record.axis = encodes ? trace::Axis::Encode : trace::Axis::Keep;
    record.kind = trace::DecisionKind::PolicySwitch;
    record.method = "policy";
    record.text = change.from.toText() + " → " + change.to.toText();
    record.rows = encodes ? change.rows : 0;
    record.bytes = static_cast<std::int64_t>(change.bytesBefore) - static_cast<std::int64_t>(change.bytesAfter);
    return record;
}

}  // namespace kvscope::probe
