// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "app/cli/bench.h"

namespace kvscope::cli {

namespace {

/// Tokens of one setting in a round: a whole period of the sparser error probe.
constexpr std::uint32_t kRoundTokens = 8;

struct Setting {
    const char* name;
    runtime::ProbeOptions probes;
    bool exactRows;  ///< runs in the session that keeps exact rows aside
};

const std::vector<Setting>& probeSettings() {
    static const std::vector<Setting> kSettings{
        {"off", {.occupancy = false, .traffic = false, .decisions = false}, false},
        {"occupancy, traffic, decisions", {}, false},
        {"and error, every 8th step", {.errorEvery = kRoundTokens}, true},
        {"and error, every step", {.errorEvery = 1}, true},
    };
    return kSettings;
}

struct Lane {
    std::unique_ptr<runtime::Session> session;
    runtime::SequenceId id = 0;
};

/// A session whose first sequence (the one that the error probe watches) has reached the depth.
Result<Lane> makeLane(const Bench& bench, const runtime::ProbeOptions& probes, std::uint32_t rows) {
    Lane lane;
    auto session = bench.session(probes, rows);
    if (!session) return forward(session);
    lane.session = std::move(*session);
    auto id = lane.session->addSequence(bench.tokens.take(bench.result.probeDepth), {});
    if (!id) return forward(id);
    lane.id = *id;
    if (auto done = bench.runPending(*lane.session); !done) return forward(done);
    return lane;
}

Result<double> millisecondsPerToken(const Bench& bench, const Lane& lane, const Setting& setting) {
    if (auto set = lane.session->setProbes(setting.probes); !set) return forward(set);
    auto timed = bench.decode(*lane.session, lane.id, kRoundTokens);
    if (!timed) return forward(timed);
    return 1000 * timed->seconds / static_cast<double>(timed->tokens);
}

}  // namespace

Result<void> measureProbes(const Bench& bench) {
    bench.result.probeDepth = bench.settings.probeDepth;
    const std::uint32_t rounds = 2 * bench.settings.repeats;
    const std::uint32_t rows = bench.result.probeDepth + 2 * kRoundTokens * (rounds + 2);
    auto plain = makeLane(bench, {}, rows);
    if (!plain) return forward(plain);
    auto aside = makeLane(bench, {.errorEvery = 1}, rows);
    if (!aside) return forward(aside);
    for (const Setting& setting : probeSettings()) bench.result.probes.push_back({setting.name, {}, {}});
    for (std::uint32_t round = 0; round <= rounds; ++round) {
        bench.progress.show(fmt::format("cost of probes: round {} of {}", round, rounds));
        for (std::size_t i = 0; i < probeSettings().size(); ++i) {
            const Setting& setting = probeSettings()[i];
            auto cost = millisecondsPerToken(bench, setting.exactRows ? *aside : *plain, setting);
            if (!cost) return forward(cost);
            if (round == 0) continue;  // warm-up
            bench.result.probes[i].millisecondsPerToken.push_back(*cost);
            bench.result.probes[i].ratios.push_back(*cost / bench.result.probes[0].millisecondsPerToken.back());
        }
    }
    return {};
}

}  // namespace kvscope::cli
