// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/cache/store/region_store.h"
#include "engine/probe/attention_error.h"
#include "engine/probe/occupancy.h"
#include "engine/runtime/engine_impl.h"
#include "engine/runtime/session.h"
#include "engine/runtime/step_executor.h"

namespace kvscope::runtime {

/// A sequence of a session: its tokens, its place in the cell table, its sampler, its newest logits.
struct SessionSequence {
    SequenceState state;
    std::uint32_t slot = 0;  ///< in the cell table
    Sampler sampler{SamplerOptions{}};
    std::vector<float> logits;  ///< (nVocab) after the last processed token; empty before
    bool removed = false;
};

/// Columns that one step takes.
struct ChosenColumns {
    trace::Phase phase = trace::Phase::Decode;
    std::vector<StepColumn> columns;
    std::vector<std::size_t> owner;  ///< index into Impl::sequences, for each column
};

struct Session::Impl {
    Engine& engine;
    SessionOptions options;
    cache::CachePolicy policyRequested;
    std::vector<std::string> remarks;
    std::unique_ptr<cache::RegionStore> store;
    std::unique_ptr<StepExecutor> executor;
    probe::AttentionError error;
    std::vector<SessionSequence> sequences;
    std::unique_ptr<Session> lane;  ///< `exact` on the same tokens
    std::vector<trace::DecisionRecord> pendingDecisions;
    std::string switchedTo;
    std::uint64_t steps = 0;
    std::uint32_t policyIndex = 0;
    std::uint32_t contextLength = 0;
    std::uint32_t chunkLimit = 0;
    bool keepAllLogits = false;
    std::vector<float> allLogits;
    std::string startedAt;
    std::uint64_t errorSteps = 0;
    ReferenceCheck referenceCheck;

    explicit Impl(Engine& e) : engine(e) {}
    [[nodiscard]] const model::Hparams& hparams() const { return engine.program().hparams; }
    Result<void> init(const SessionOptions& wanted);
    Result<void> makeErrorBuffers();
    [[nodiscard]] cache::ModelShape modelShape() const;
    Result<void> checkPolicy(const cache::CachePolicy& policy);

    // one step
    Result<trace::BundlePtr> step(std::stop_token stop, bool sample);
    void sampleNext(trace::StepBundle& bundle);
    [[nodiscard]] Result<ChosenColumns> chooseColumns();
    void addColumns(ChosenColumns& chosen, std::size_t owner, std::uint32_t count);
    void recordTokens(const ChosenColumns& chosen, trace::StepBundle& bundle) const;
    void keepLogits(const ChosenColumns& chosen, const StepRequest& request);
    Result<void> stepLane(const ChosenColumns& chosen, const std::vector<std::vector<float>>& before,
                          trace::StepBundle& bundle, std::stop_token stop);

    // what a step tells
    [[nodiscard]] std::vector<probe::OccupancySubject> subjects() const;
    void fillTraffic(const StepOutcome& outcome, trace::StepBundle& bundle);
    void fillHeads(const ChosenColumns& chosen, const StepOutcome& outcome, bool errorRan, trace::StepBundle& bundle);
    void fillOccupancy(const probe::OccupancySubject& subject, const ChosenColumns& chosen, trace::StepBundle& bundle);
    void fillDecisions(trace::StepBundle& bundle);
    void checkAgainstReference(std::uint32_t position, const trace::HeadMetricRecord& measured);
};

}  // namespace kvscope::runtime
