// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/cli/bench.h"
#include "app/cli/memory.h"

namespace kvscope::cli {

namespace {

/// Rows beyond the deepest measured token: warm-up tokens and the pass with device times.
constexpr std::uint32_t kSpareRows = 16;

Timed timedStep(const trace::StepBundle& bundle, double seconds) {
    Timed timed;
    timed.seconds = seconds;
    timed.tokens = bundle.step.tokens;
    timed.steps = 1;
    timed.dispatches = bundle.step.dispatches;
    timed.submissions = bundle.step.submissions;
    timed.hostNs = bundle.step.hostNs;
    timed.gpuNs = bundle.step.gpuNs;
    timed.traffic = bundle.traffic;
    for (const trace::KernelRecord& kernel : bundle.kernels) timed.kernels[kernel.kernel] = kernel;
    if (!bundle.occupancy.empty()) timed.cacheBytesAllocated = bundle.occupancy.front().bytesAllocated;
    return timed;
}

double rate(const Timed& timed) {
    return static_cast<double>(timed.tokens) / timed.seconds;
}

/// A sequence of its own that ends where the measured tokens begin.
Result<runtime::SequenceId> reach(const Bench& bench, runtime::Session& session, std::uint32_t depth) {
    session.setChunk(bench.settings.cache.chunk);
    auto id = session.addSequence(bench.tokens.take(depth), {});
    if (!id) return id;
    if (auto done = bench.runPending(session); !done) return forward(done);
    return id;
}

/// Prefill from the first token: a sequence of its own.
Result<Timed> prefillFromStart(const Bench& bench, runtime::Session& session) {
    session.setChunk(bench.settings.cache.chunk);
    auto id = session.addSequence(bench.tokens.take(bench.settings.prefill), {});
    if (!id) return forward(id);
    auto timed = bench.runPending(session);
    if (auto removed = session.removeSequence(*id); !removed) return forward(removed);
    return timed;
}

Result<Timed> kernelPass(const Bench& bench, runtime::Session& session, runtime::SequenceId id) {
    if (auto set = session.setProbes({.kernelTimes = true}); !set) return forward(set);
    if (auto warm = bench.decode(session, id, 2); !warm) return forward(warm);
    auto timed = bench.decode(session, id, std::min(bench.settings.tokens, 8U));
    if (auto set = session.setProbes({}); !set) return forward(set);
    return timed;
}

Result<void> repeatAt(const Bench& bench, runtime::Session& session, DepthResult& at, bool last) {
    auto id = reach(bench, session, std::max(at.depth, 1U));
    if (!id) return forward(id);
    if (auto warm = bench.decode(session, *id, 1); !warm) return forward(warm);
    auto decoded = bench.decode(session, *id, bench.settings.tokens);
    if (!decoded) return forward(decoded);
    at.decode.add(*decoded);
    at.decodeRates.push_back(rate(*decoded));
    auto filled =
        at.depth == 0 ? prefillFromStart(bench, session) : bench.prefill(session, *id, bench.settings.prefill);
    if (!filled) return forward(filled);
    at.prefill.add(*filled);
    at.prefillRates.push_back(rate(*filled));
    bench.noteMemory();
    if (last) {
        auto timed = kernelPass(bench, session, *id);
        if (!timed) return forward(timed);
        at.kernelPass = *timed;
    }
    return session.removeSequence(*id);
}

}  // namespace

Result<std::unique_ptr<runtime::Session>> Bench::session(const runtime::ProbeOptions& probes,
                                                         std::uint32_t rows) const {
    runtime::SessionOptions options;
    options.policy = policy;
    options.contextLength = rows;
    options.chunk = settings.cache.chunk;
    options.cacheRowsCap = settings.cache.rowsCap;
    options.probes = probes;
    return runtime::Session::create(engine, options);
}

Result<Timed> Bench::runPending(runtime::Session& session) const {
    Timed sum;
    while (true) {
        if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "", "interrupted");
        const auto start = std::chrono::steady_clock::now();
        auto bundle = session.step(stop, false);
        const auto end = std::chrono::steady_clock::now();
        if (!bundle) return forward(bundle);
        if (*bundle == nullptr) break;
        sum.add(timedStep(**bundle, std::chrono::duration<double>(end - start).count()));
        result.peakCacheBytes = std::max(result.peakCacheBytes, sum.cacheBytesAllocated);
    }
    return sum;
}

Result<Timed> Bench::decode(runtime::Session& session, runtime::SequenceId id, std::uint32_t count) const {
    session.setChunk(1);
    const std::size_t have = session.sequence(id).tokens.size();
    const std::vector<text::TokenId> all = tokens.take(have + count);
    if (auto added = session.appendTokens(id, std::span(all).subspan(have)); !added) return forward(added);
    return runPending(session);
}

Result<Timed> Bench::prefill(runtime::Session& session, runtime::SequenceId id, std::uint32_t count) const {
    session.setChunk(settings.cache.chunk);
    const std::size_t have = session.sequence(id).tokens.size();
    const std::vector<text::TokenId> all = tokens.take(have + count);
    if (auto added = session.appendTokens(id, std::span(all).subspan(have)); !added) return forward(added);
    return runPending(session);
}

void Bench::noteMemory() const {
    const std::optional<std::uint64_t> now = privateBytes();
    if (now && *now > result.peakPrivateBytes.value_or(0)) result.peakPrivateBytes = now;
}

Result<void> measureSpeed(const Bench& bench) {
    const BenchSettings& settings = bench.settings;
    bench.noteMemory();
    const std::uint32_t deepest = std::ranges::max(settings.depths);
    auto session = bench.session({}, deepest + settings.tokens + settings.prefill + kSpareRows);
    if (!session) return forward(session);
    bench.progress.show("warming up");
    if (auto warm = prefillFromStart(bench, **session); !warm) return forward(warm);  // kernels are compiled here
    for (const std::uint32_t depth : settings.depths) {
        DepthResult at;
        at.depth = depth;
        for (std::uint32_t i = 0; i < settings.repeats; ++i) {
            bench.progress.show(fmt::format("depth {}: repeat {} of {}", depth, i + 1, settings.repeats));
            if (auto done = repeatAt(bench, **session, at, i + 1 == settings.repeats); !done) return done;
        }
        bench.result.depths.push_back(std::move(at));
    }
    return {};
}

}  // namespace kvscope::cli
