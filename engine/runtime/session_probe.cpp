// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "engine/runtime/session_impl.h"
#include "shaders/shared/constants.h"

namespace kvscope::runtime {

void Session::Impl::fillOccupancy(trace::StepBundle& bundle) const {
    const model::Hparams& h = hparams();
    trace::OccupancyRecord all;
    all.bytesAllocated = store->pageBytesAllocated();
    all.bytesIndex = store->indexBytes();
    all.bytesHeld = error.bytes();
    std::vector<trace::OccupancyRecord> each;
    for (const SessionSequence& sequence : sequences) {
        if (sequence.removed) continue;
        trace::OccupancyRecord one;
        one.sequence = sequence.state.id;
        for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
            for (std::uint32_t head = 0; head < h.nKvHeads.front(); ++head) {
                one.logicalRows += store->cells().rows({sequence.slot, layer, head});
            }
        }
        one.physicalRows = one.logicalRows;  // no row has two owners in this version
        one.bytesUsed = one.physicalRows * store->rowBytes();
        one.bytesNativeF16 = sequence.state.processed * h.cacheBytesPerTokenF16();
        one.bytesMhaF16 = sequence.state.processed * h.cacheBytesPerTokenMhaF16();
        all.logicalRows += one.logicalRows;
        all.physicalRows += one.physicalRows;
        all.bytesUsed += one.bytesUsed;
        all.bytesNativeF16 += one.bytesNativeF16;
        all.bytesMhaF16 += one.bytesMhaF16;
        each.push_back(one);
    }
    bundle.occupancy.push_back(all);
    bundle.occupancy.insert(bundle.occupancy.end(), each.begin(), each.end());
}

void Session::Impl::fillTraffic(const StepOutcome& outcome, trace::StepBundle& bundle) {
    kernels::Traffic traffic = outcome.traffic;
    const kernels::Traffic moved = store->takeMoveTraffic();
    bundle.kernels = outcome.kernels;
    const auto& moves = moved.category[shared::kCatKvWritten];
    if (moves.written > 0) {
        trace::KernelRecord record{.kernel = "kv_move", .dispatches = 1};
        for (const kernels::CategoryTraffic& category : moved.category) {
            record.bytesRead += category.requested;
            record.bytesUnique += category.unique;
            record.bytesWritten += category.written;
        }
        bundle.kernels.push_back(record);
        traffic += moved;
    }
    for (std::size_t i = 0; i < trace::kTrafficCategories; ++i) {
        const kernels::CategoryTraffic& from = traffic.category.at(i);
        bundle.traffic.byCategory.at(i) = {from.requested, from.unique, from.written};
    }
}

void Session::Impl::fillHeads(const ChosenColumns& chosen, const StepOutcome& outcome, bool errorRan,
                              trace::StepBundle& bundle) const {
    const model::Hparams& h = hparams();
    const std::size_t owner = chosen.owner.front();
    const std::uint32_t id = sequences[owner].state.id;
    if (options.probes.occupancy) {
        trace::HeadMetricRecord rows{trace::HeadMetric::ResidentRows, id, {}};
        trace::HeadMetricRecord bytes{trace::HeadMetric::BytesUsed, id, {}};
        for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
            for (std::uint32_t head = 0; head < h.nKvHeads.front(); ++head) {
                const std::uint64_t count = store->cells().rows({sequences[owner].slot, layer, head});
                rows.values.push_back(static_cast<float>(count));
                bytes.values.push_back(static_cast<float>(count * store->rowBytes()));
            }
        }
        bundle.heads.push_back(std::move(rows));
        bundle.heads.push_back(std::move(bytes));
    }
    if (options.probes.traffic) {
        trace::HeadMetricRecord read{trace::HeadMetric::KvReadBytes, id, {}};
        for (const std::uint64_t bytes : outcome.kvReadByHead) read.values.push_back(static_cast<float>(bytes));
        bundle.heads.push_back(std::move(read));
    }
    if (!errorRan) return;
    trace::HeadMetricRecord relative{trace::HeadMetric::ErrorRelL2, id, {}};
    trace::HeadMetricRecord cosine{trace::HeadMetric::ErrorCosine, id, {}};
    trace::HeadMetricRecord recall{trace::HeadMetric::MassRecall, id, {}};
    trace::HeadMetricRecord kl{trace::HeadMetric::AttentionKl, id, {}};
    const auto records = error.records.view<float>();
    for (std::uint32_t layer = 0; layer < h.nLayers; ++layer) {
        for (std::uint32_t head = 0; head < h.nHeads.front(); ++head) {
            if (!error.covers(layer)) {
                for (auto* metric : {&relative, &cosine, &recall, &kl}) metric->values.push_back(std::nanf(""));
                continue;
            }
            const auto r = records.subspan((std::size_t{layer} * h.nHeads.front() + head) * shared::kErrorWords,
                                           shared::kErrorWords);
            relative.values.push_back(r[1] > 0 ? std::sqrt(r[0] / r[1]) : 0);
            cosine.values.push_back(r[1] > 0 && r[2] > 0 ? r[3] / (std::sqrt(r[1]) * std::sqrt(r[2])) : 1);
            recall.values.push_back(r[4]);
            kl.values.push_back(std::max(r[5], 0.0F));
        }
    }
    for (auto* metric : {&relative, &cosine, &recall, &kl}) bundle.heads.push_back(std::move(*metric));
}

void Session::Impl::fillDecisions(trace::StepBundle& bundle) {
    bundle.decisions = std::exchange(pendingDecisions, {});
    for (const cache::StoreEvent& event : store->takeEvents()) {
        const auto owner = std::ranges::find_if(sequences, [&](const SessionSequence& s) {
            return !s.removed && s.slot == event.sequence;
        });
        const std::uint64_t heads = std::uint64_t{hparams().nLayers} * hparams().nKvHeads.front();
        trace::DecisionRecord record;
        record.sequence = owner == sequences.end() ? 0 : owner->state.id;
        record.axis = trace::Axis::Keep;
        record.kind = trace::DecisionKind::Evict;
        for (const cache::Member& member : options.policy.keep.chain) {
            record.method += (record.method.empty() ? "" : "+") + member.name;
        }
        record.rows = event.rowsDropped;
        record.positionFirst = event.positionFirst;
        record.positionLast = event.positionLast;
        if (event.perHeadEqual) {
            const std::uint64_t rows = event.rowsDropped / heads;
            record.text = rows == 1 ? fmt::format("evict position {} in every head", event.positionFirst)
                                    : fmt::format("evict {} rows a head, positions {} … {}", rows, event.positionFirst,
                                                  event.positionLast);
        } else {
            record.text = fmt::format("evict {} rows, positions {} … {}", event.rowsDropped, event.positionFirst,
                                      event.positionLast);
        }
        record.score = record.threshold = record.predictedError = record.verifiedError = std::nan("");
        record.bytes = static_cast<std::int64_t>(event.bytesDropped);
        bundle.decisions.push_back(std::move(record));
    }
}

}  // namespace kvscope::runtime
