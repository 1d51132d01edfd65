// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "app/cli/bench.h"

namespace kvscope::cli {

namespace {

double thousands(const runtime::WeightSpeed& speed) {
    return static_cast<double>(speed.size.rows) * speed.size.columns / 1000;
}

/// Nanoseconds of 1000 weights.
MeanSd timeOf(const runtime::WeightSpeed& speed) {
    const MeanSd seconds = meanSd(speed.seconds);
    return {1e9 * seconds.mean / thousands(speed), 1e9 * seconds.sd / thousands(speed)};
}

double bytesPerSecond(const runtime::WeightSpeed& speed) {
    return static_cast<double>(speed.bytes) / meanSd(speed.seconds).mean;
}

}  // namespace

Result<void> measureWeights(const Bench& bench) {
    runtime::WeightSpeedOptions options;
    if (std::ranges::find(bench.settings.weights, "all") == bench.settings.weights.end())
        options.types = bench.settings.weights;
    options.repeats = bench.settings.repeats;
    options.progress = [&](const std::string& what) { bench.progress.show("weights " + what); };
    auto speeds = runtime::measureWeightSpeed(bench.engine, options, bench.stop);
    if (!speeds) return forward(speeds);
    bench.result.weights = std::move(*speeds);
    bench.noteMemory();
    return {};
}

Json weightsJson(const BenchResult& result) {
    Json rows = Json::array();
    for (const runtime::WeightSpeed& speed : result.weights) {
        const MeanSd time = timeOf(speed);
        rows.push_back({{"type", speed.type},
                        {"rows", speed.size.rows},
                        {"columns", speed.size.columns},
                        {"bytes", speed.bytes},
                        {"ns_per_1000_weights", number(time.mean)},
                        {"ns_per_1000_weights_sd", number(time.sd)},
                        {"ratio_to_q8_0", number(median(speed.ratios))},
                        {"ratio_to_q8_0_sd", number(meanSd(speed.ratios).sd)},
                        {"bytes_per_s", number(bytesPerSecond(speed))}});
    }
    return rows;
}

std::string weightsMarkdown(const BenchResult& result, bool cpuTime) {
    if (result.weights.empty()) return {};
    std::string text = fmt::format(
        "\nA matrix of random weights times a vector, by type of the weights ({} repeats, mean ± sd; against Q8_0 "
        "timed "
        "right before, median{})\n\n"
        "| matrix | type | ns per 1000 weights | against Q8_0 | GB/s of weights |\n"
        "| --- | --- | ---: | ---: | ---: |\n",
        result.weights.front().seconds.size(), cpuTime ? "; CPU time of all threads together" : "");
    for (const runtime::WeightSpeed& speed : result.weights) {
        const MeanSd time = timeOf(speed);
        text +=
            fmt::format("| {} × {} | {} | {:.1f} ± {:.1f} | {:.2f} | {:.2f} |\n", speed.size.rows, speed.size.columns,
                        speed.type, time.mean, time.sd, median(speed.ratios), bytesPerSecond(speed) / 1e9);
    }
    return text;
}

}  // namespace kvscope::cli
