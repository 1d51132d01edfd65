// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "engine/probe/decisions.h"
#include "engine/probe/traffic.h"
#include "engine/runtime/session_impl.h"

namespace kvscope::runtime {

namespace {

constexpr std::uint64_t kReferenceEvery = 64;
constexpr double kReferenceTolerance = 1e-3;

}  // namespace

std::vector<probe::OccupancySubject> Session::Impl::subjects() const {
    std::vector<probe::OccupancySubject> list;
    for (const SessionSequence& sequence : sequences) {
        if (!sequence.removed) list.push_back({sequence.state.id, sequence.slot, sequence.state.processed});
    }
    return list;
}

void Session::Impl::fillTraffic(const StepOutcome& outcome, trace::StepBundle& bundle) {
    kernels::Traffic traffic = outcome.traffic;
    bundle.kernels = outcome.kernels;
    if (const auto moved = store->takeMoveTraffic()) {
        probe::addDispatch(bundle.kernels, "kv_move", *moved, 0);
        traffic += *moved;
    }
    bundle.traffic = probe::trafficRecord(traffic);
}

void Session::Impl::fillHeads(const ChosenColumns& chosen, const StepOutcome& outcome, bool errorRan,
                              trace::StepBundle& bundle) {
    const SessionSequence& sequence = sequences[chosen.owner.front()];
    const probe::OccupancySubject subject{sequence.state.id, sequence.slot, sequence.state.processed};
    if (options.probes.occupancy) fillOccupancy(subject, chosen, bundle);
    if (options.probes.traffic) bundle.heads.push_back(probe::kvReadByHead(subject.id, outcome.kvReadByHead));
    if (!errorRan) return;
    const auto probed = std::ranges::find(sequences, 0U, &SessionSequence::slot);
    auto metrics = error.metrics(probed->state.id);
    if (errorSteps++ % kReferenceEvery == 0) checkAgainstReference(probed->state.processed - 1, metrics.front());
    for (trace::HeadMetricRecord& metric : metrics) bundle.heads.push_back(std::move(metric));
}

void Session::Impl::fillOccupancy(const probe::OccupancySubject& subject, const ChosenColumns& chosen,
                                  trace::StepBundle& bundle) {
    const probe::HeadGrid grid{hparams().nLayers, *std::ranges::max_element(hparams().nKvHeads)};
    bundle.heads = probe::occupancyByHead(*store, subject, grid);
    const auto selected = executor->selectedRows(chosen.columns.size() - 1);
    if (selected.empty()) return;
    trace::HeadMetricRecord record{trace::HeadMetric::SelectedRows, subject.id,
                                   std::vector<float>(std::size_t{grid.layers} * grid.kvHeads, std::nanf(""))};
    for (const auto& [layer, rows] : selected) {
        record.values[std::size_t{layer} * grid.kvHeads] = static_cast<float>(rows.size());
    }
    bundle.heads.push_back(std::move(record));
}

void Session::Impl::checkAgainstReference(std::uint32_t position, const trace::HeadMetricRecord& measured) {
    const std::vector<float> expected = error.referenceRelativeL2(position);
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (!std::isnan(expected[i])) worst = std::max<double>(worst, std::abs(expected[i] - measured.values[i]));
    }
    const bool first = referenceCheck.worstDifference <= kReferenceTolerance;
    ++referenceCheck.steps;
    referenceCheck.worstDifference = std::max(referenceCheck.worstDifference, worst);
    if (first && worst > kReferenceTolerance) {
        remarks.push_back(
            fmt::format("the error probe's kernel and the reference differ by {:.2g} at position {}: "
                        "do not trust the error figures of this device",
                        worst, position));
    }
}

void Session::Impl::fillDecisions(trace::StepBundle& bundle) {
    bundle.decisions = std::exchange(pendingDecisions, {});
    const std::uint64_t heads = store->cells().heads();
    for (const cache::StoreEvent& event : store->takeEvents()) {
        const auto owner = std::ranges::find_if(
            sequences, [&](const SessionSequence& s) { return !s.removed && s.slot == event.sequence; });
        const std::uint32_t id = owner == sequences.end() ? 0 : owner->state.id;
        bundle.decisions.push_back(probe::evictionRecord(event, options.policy, id, heads));
    }
}

}  // namespace kvscope::runtime
