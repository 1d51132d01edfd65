// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "engine/runtime/session_impl.h"

namespace kvscope::runtime {

namespace {

std::uint32_t unprocessed(const SessionSequence& sequence) {
    return static_cast<std::uint32_t>(sequence.state.tokens.size()) - sequence.state.processed;
}

/// The logits with those of tokens that the file never lets out (tokenizer.ggml.suppress_tokens) at −∞.
std::vector<float> withoutSuppressed(const text::Tokenizer& tokenizer, const std::vector<float>& logits) {
    std::vector<float> allowed = logits;
    for (const text::TokenId id : tokenizer.suppressedTokens()) {
        if (id >= 0 && static_cast<std::size_t>(id) < allowed.size()) {
            allowed[static_cast<std::size_t>(id)] = -std::numeric_limits<float>::infinity();
        }
    }
    return allowed;
}

std::uint32_t argmax(std::span<const float> values) {
    return static_cast<std::uint32_t>(std::ranges::max_element(values) - values.begin());
}

}  // namespace

void Session::Impl::sampleNext(trace::StepBundle&) {
    for (SessionSequence& sequence : sequences) {
        if (sequence.state.finished || sequence.removed || unprocessed(sequence) > 0 || sequence.logits.empty())
            continue;
        if (sequence.state.processed >= contextLength) {
            sequence.state.finished = true;
            continue;
        }
        const std::int32_t token = sequence.sampler.sample(withoutSuppressed(engine.tokenizer(), sequence.logits));
        sequence.state.tokens.push_back(token);
        if (engine.tokenizer().isEndOfGeneration(token)) sequence.state.finished = true;
    }
}

void Session::Impl::addColumns(ChosenColumns& chosen, std::size_t owner, std::uint32_t count) {
    const SessionSequence& sequence = sequences[owner];
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t position = sequence.state.processed + i;
        chosen.columns.push_back(
            {sequence.slot, position, sequence.state.tokens[position], error.present() && sequence.slot == 0});
        chosen.owner.push_back(owner);
    }
}

Result<ChosenColumns> Session::Impl::chooseColumns() {
    ChosenColumns chosen;
    const auto waits = [&](const SessionSequence& s, std::uint32_t least) {
        return !s.removed && !s.state.finished && unprocessed(s) >= least;
    };
    if (chunkLimit > 1) {
        const auto prefill = std::ranges::find_if(sequences, [&](const auto& s) { return waits(s, 2); });
        if (prefill != sequences.end()) {
            chosen.phase = trace::Phase::Prefill;
            const std::uint32_t room = store->maxAppend(prefill->slot, prefill->state.processed);
            const std::uint32_t left = contextLength - std::min(contextLength, prefill->state.processed);
            const std::uint32_t count = std::min({unprocessed(*prefill), chunkLimit, room, left});
            if (count == 0) {
                return fail(ErrorKind::OutOfMemory, "cache",
                            "no room for another row: {} rows resident a head, context length {}, cap {}",
                            store->cells().rows({prefill->slot, 0, 0}), contextLength, options.cacheRowsCap);
            }
            addColumns(chosen, static_cast<std::size_t>(prefill - sequences.begin()), count);
            return chosen;
        }
    }
    for (std::size_t i = 0; i < sequences.size() && chosen.columns.size() < store->shape().maxColumns; ++i) {
        if (!waits(sequences[i], 1)) continue;
        if (sequences[i].state.processed >= contextLength) {
            sequences[i].state.finished = true;
            continue;
        }
        if (store->maxAppend(sequences[i].slot, sequences[i].state.processed) == 0) {
            return fail(ErrorKind::OutOfMemory, "cache", "no room for another row under the cap of {} rows a head",
                        options.cacheRowsCap);
        }
        addColumns(chosen, i, 1);
    }
    return chosen;
}

void Session::Impl::recordTokens(const ChosenColumns& chosen, trace::StepBundle& bundle) const {
    for (std::size_t c = 0; c < chosen.columns.size(); ++c) {
        const SessionSequence& sequence = sequences[chosen.owner[c]];
        trace::TokenRecord record;
        record.sequence = sequence.state.id;
        record.position = chosen.columns[c].position;
        record.token = chosen.columns[c].token;
        record.generated = record.position >= sequence.state.promptTokens;
        const bool first = c == 0 || chosen.owner[c - 1] != chosen.owner[c];
        record.logProbability = std::nanf("");
        if (first && !sequence.logits.empty()) {
            record.logProbability = static_cast<float>(logProbability(sequence.logits, record.token));
        }
        record.text = engine.tokenizer().tokenBytes(record.token, true);
        bundle.tokens.push_back(std::move(record));
    }
}

void Session::Impl::keepLogits(const ChosenColumns& chosen, const StepRequest& request) {
    const std::span<const float> all = executor->logits();
    const std::size_t vocabulary = hparams().nVocab;
    for (std::size_t c = request.logitsFrom; c < chosen.columns.size(); ++c) {
        const bool last = c + 1 == chosen.columns.size() || chosen.owner[c + 1] != chosen.owner[c];
        if (!last) continue;
        const auto row = all.subspan((c - request.logitsFrom) * vocabulary, vocabulary);
        sequences[chosen.owner[c]].logits.assign(row.begin(), row.end());
    }
    if (keepAllLogits) allLogits.assign(all.begin(), all.end());
    for (const std::size_t owner : chosen.owner) ++sequences[owner].state.processed;
}

Result<void> Session::Impl::stepLane(const ChosenColumns& chosen, const std::vector<std::vector<float>>& before,
                                     trace::StepBundle& bundle, std::stop_token stop) {
    if (!lane) return {};
    std::vector<std::vector<float>> exactBefore;
    for (std::size_t c = 0; c < chosen.columns.size(); ++c) {
        Impl& exact = *lane->m_impl;
        SessionSequence& twin = exact.sequences[chosen.owner[c]];
        if (c == 0 || chosen.owner[c - 1] != chosen.owner[c]) exactBefore.push_back(twin.logits);
        // the lane's first token came with addSequence()
        if (chosen.columns[c].position > 0) twin.state.tokens.push_back(chosen.columns[c].token);
    }
    const auto count = static_cast<std::uint32_t>(chosen.columns.size());
    lane->setChunk(chosen.phase == trace::Phase::Prefill ? count : 1);
    if (auto done = lane->step(stop, false); !done) return forward(done);
    std::size_t group = 0;
    for (std::size_t c = 0; c < chosen.columns.size(); ++c) {
        if (c > 0 && chosen.owner[c - 1] == chosen.owner[c]) continue;
        const std::size_t owner = chosen.owner[c];
        const std::vector<float>& ours = sequences[owner].logits;
        const std::vector<float>& exact = lane->m_impl->sequences[owner].logits;
        trace::LaneRecord record;
        record.sequence = sequences[owner].state.id;
        record.kl = klDivergence(exact, ours);
        record.sameTop = argmax(exact) == argmax(ours);
        const std::int32_t token = chosen.columns[c].token;
        record.nll = before[group].empty() ? std::nan("") : -logProbability(before[group], token);
        record.nllExact = exactBefore[group].empty() ? std::nan("") : -logProbability(exactBefore[group], token);
        bundle.lanes.push_back(record);
        ++group;
    }
    return {};
}

Result<trace::BundlePtr> Session::Impl::step(std::stop_token stop, bool sample) {
    const auto start = std::chrono::steady_clock::now();
    auto bundle = std::make_shared<trace::StepBundle>();
    if (sample) sampleNext(*bundle);
    auto chosen = chooseColumns();
    if (!chosen) return forward(chosen);
    if (chosen->columns.empty()) return trace::BundlePtr{};
    std::vector<cache::RegionStore::Column> places;
    for (const StepColumn& column : chosen->columns) places.push_back({column.sequence, column.position});
    if (auto ready = store->prepare(places); !ready) return forward(ready);
    recordTokens(*chosen, *bundle);
    StepRequest request;
    request.columns = chosen->columns;
    request.kernelTimes = options.probes.kernelTimes;
    const bool prefill = chosen->phase == trace::Phase::Prefill;
    request.logitsFrom = prefill && !keepAllLogits ? static_cast<std::uint32_t>(chosen->columns.size()) - 1 : 0;
    const std::uint32_t every = options.probes.errorEvery;
    if (every > 0 && steps % every == 0) {
        for (std::size_t c = 0; c < chosen->columns.size(); ++c) {
            if (chosen->columns[c].keepAside) request.errorColumn = static_cast<std::int32_t>(c);
        }
    }
    auto outcome = executor->run(request, error, stop);
    if (!outcome) return forward(outcome);
    std::vector<std::vector<float>> before;
    if (lane) {
        for (std::size_t c = 0; c < chosen->columns.size(); ++c) {
            if (c == 0 || chosen->owner[c - 1] != chosen->owner[c])
                before.push_back(sequences[chosen->owner[c]].logits);
        }
    }
    keepLogits(*chosen, request);
    trace::StepRecord& record = bundle->step;
    record.step = steps++;
    record.phase = chosen->phase;
    record.tokens = static_cast<std::uint32_t>(chosen->columns.size());
    record.sequences = 1;
    for (std::size_t c = 1; c < chosen->owner.size(); ++c) record.sequences += chosen->owner[c] != chosen->owner[c - 1];
    record.position = sequences[chosen->owner.front()].state.processed;
    record.gpuNs = outcome->gpuNs;
    record.dispatches = outcome->dispatches;
    record.submissions = outcome->submissions;
    record.instrumented = request.errorColumn >= 0;
    record.policyIndex = policyIndex;
    bundle->policySwitchedTo = std::exchange(switchedTo, {});
    if (options.probes.traffic) fillTraffic(*outcome, *bundle);
    if (options.probes.occupancy) {
        const model::CacheLayout& layout = engine.program().layout;
        const probe::TokenBytes bytes{[&](std::uint64_t tokens) { return layout.bytesF16(tokens); },
                                      hparams().cacheBytesPerTokenMhaF16()};
        bundle->occupancy = probe::occupancy(*store, subjects(), bytes, error.bytes());
    }
    fillHeads(*chosen, *outcome, request.errorColumn >= 0, *bundle);
    if (options.probes.decisions) fillDecisions(*bundle);
    const auto end = std::chrono::steady_clock::now();
    record.hostNs = static_cast<std::uint64_t>(std::chrono::nanoseconds(end - start).count());
    if (auto done = stepLane(*chosen, before, *bundle, stop); !done) return forward(done);
    return trace::BundlePtr(std::move(bundle));
}

}  // namespace kvscope::runtime
