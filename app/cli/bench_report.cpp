// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/cli/bench.h"
#include "app/cli/run_report.h"
#include "engine/base/units.h"

namespace kvscope::cli {

namespace {

/// Bytes a second of timed steps.
struct Rates {
    double requested = 0, unique = 0, written = 0, weights = 0;
};

Rates ratesOf(const Timed& timed) {
    Rates rates;
    if (timed.seconds <= 0) return rates;
    for (const trace::TrafficEntry& entry : timed.traffic.byCategory) {
        rates.requested += static_cast<double>(entry.readRequested) / timed.seconds;
        rates.unique += static_cast<double>(entry.readUnique) / timed.seconds;
        rates.written += static_cast<double>(entry.written) / timed.seconds;
    }
    rates.weights = static_cast<double>(timed.traffic.at(trace::TrafficCategory::Weights).readUnique) / timed.seconds;
    return rates;
}

double perToken(std::uint64_t sum, const Timed& timed) {
    return timed.tokens == 0 ? std::nan("") : static_cast<double>(sum) / static_cast<double>(timed.tokens);
}

double hostMicroseconds(const Timed& pass) {
    if (pass.gpuNs == 0 || pass.gpuNs > pass.hostNs) return std::nan("");
    return perToken(pass.hostNs - pass.gpuNs, pass) / 1000;
}

Json speedJson(const std::vector<double>& rates, const Timed& timed, double copy) {
    const MeanSd speed = meanSd(rates);
    const Rates bytes = ratesOf(timed);
    return {{"tokens_per_s", number(speed.mean)},
            {"tokens_per_s_sd", number(speed.sd)},
            {"repeats", rates},
            {"bytes_read_requested_per_s", number(bytes.requested)},
            {"bytes_read_unique_per_s", number(bytes.unique)},
            {"bytes_written_per_s", number(bytes.written)},
            {"bytes_weights_per_s", number(bytes.weights)},
            {"copy_bandwidth_share", copy > 0 ? number((bytes.unique + bytes.written) / copy) : Json(nullptr)},
            {"dispatches_per_token", number(perToken(timed.dispatches, timed))},
            {"submissions_per_token", number(perToken(timed.submissions, timed))}};
}

Json depthJson(const DepthResult& at, double copy) {
    Json json{{"depth", at.depth}};
    json["prefill"] = speedJson(at.prefillRates, at.prefill, copy);
    json["decode"] = speedJson(at.decodeRates, at.decode, copy);
    json["decode"]["host_us_per_token"] = number(hostMicroseconds(at.kernelPass));
    json["decode"]["gpu_us_per_token"] =
        at.kernelPass.gpuNs == 0 ? Json(nullptr) : number(perToken(at.kernelPass.gpuNs, at.kernelPass) / 1000);
    json["decode"]["kernels"] = kernelsJson(at.kernelPass.kernels);
    json["cache_bytes_allocated"] = std::max(at.prefill.cacheBytesAllocated, at.decode.cacheBytesAllocated);
    return json;
}

Json memoryJson(const Bench& bench) {
    const BenchResult& result = bench.result;
    const std::uint64_t known = bench.engine.weightBytes() + result.peakCacheBytes;
    Json json{{"peak_private_bytes", result.peakPrivateBytes ? Json(*result.peakPrivateBytes) : Json(nullptr)},
              {"weight_bytes", bench.engine.weightBytes()},
              {"cache_bytes_allocated", result.peakCacheBytes},
              {"other_bytes", nullptr}};
    if (result.peakPrivateBytes) {
        json["other_bytes"] = *result.peakPrivateBytes > known ? *result.peakPrivateBytes - known : 0;
    }
    return json;
}

std::string speedRows(const Bench& bench) {
    std::string text;
    const double copy = bench.result.copyBytesPerSecond;
    for (const DepthResult& at : bench.result.depths) {
        for (const bool decode : {false, true}) {
            const Timed& timed = decode ? at.decode : at.prefill;
            const MeanSd speed = meanSd(decode ? at.decodeRates : at.prefillRates);
            const Rates bytes = ratesOf(timed);
            const double host = decode ? hostMicroseconds(at.kernelPass) : std::nan("");
            text += fmt::format(
                "| {} | {} | {:.1f} ± {:.1f} | {:.2f} | {:.2f} | {:.2f} | {:.0f} % | {:.1f} | {:.2f} | {} |\n",
                decode ? "decode" : "prefill", at.depth, speed.mean, speed.sd, bytes.requested / 1e9,
                bytes.unique / 1e9, bytes.weights / 1e9, 100 * (bytes.unique + bytes.written) / copy,
                perToken(timed.dispatches, timed), perToken(timed.submissions, timed),
                std::isnan(host) ? std::string("–") : fmt::format("{:.0f}", host));
        }
    }
    return text;
}

std::string kernelRows(const DepthResult& at) {
    std::string text = fmt::format(
        "\nDecode at depth {} by kernel (a pass of its own, with device time stamps)\n\n"
        "| kernel | dispatches a token | µs a token | share |\n| --- | ---: | ---: | ---: |\n",
        at.depth);
    for (const Json& kernel : kernelsJson(at.kernelPass.kernels)) {
        if (kernel["gpu_ns"].is_null()) continue;
        const auto ns = kernel["gpu_ns"].get<std::uint64_t>();
        text += fmt::format("| {} | {:.1f} | {:.1f} | {:.1f} % |\n", kernel["kernel"].get<std::string>(),
                            perToken(kernel["dispatches"].get<std::uint64_t>(), at.kernelPass),
                            perToken(ns, at.kernelPass) / 1000,
                            100 * static_cast<double>(ns) / static_cast<double>(at.kernelPass.gpuNs));
    }
    return text;
}

std::string probeRows(const BenchResult& result) {
    if (result.probes.empty()) return {};
    std::string text = fmt::format(
        "\nCost of the probes, decode at depth {} (settings take turns, {} rounds)\n\n"
        "| probes | ms a token | against off (median) |\n| --- | ---: | ---: |\n",
        result.probeDepth, result.probes.front().ratios.size());
    for (const ProbeCost& probe : result.probes) {
        const MeanSd cost = meanSd(probe.millisecondsPerToken);
        text += fmt::format("| {} | {:.3f} ± {:.3f} | {:+.1f} % |\n", probe.name, cost.mean, cost.sd,
                            100 * (median(probe.ratios) - 1));
    }
    return text;
}

std::string footText(const Bench& bench) {
    const BenchResult& result = bench.result;
    const Json memory = memoryJson(bench);
    std::string text = fmt::format(
        "\n- copy bandwidth {:.2f} GB/s (bytes read + written, 256 MiB device copy, this run)\n"
        "- loading {:.2f} s ({:.2f} s of CPU time); a plain read of the file ({}), as cold, {:.2f} s ({:.2f} s){}\n"
        "- compiling kernels {:.2f} s, the slowest {} {:.2f} s\n",
        result.copyBytesPerSecond / 1e9, result.loadSeconds, result.loadCpuSeconds, formatBytes(result.coldRead.bytes),
        result.coldRead.seconds, result.coldRead.cpuSeconds,
        result.coldRead.residentShare > 0.01
            ? fmt::format("; {:.0f} % of it could not be dropped from memory", 100 * result.coldRead.residentShare)
            : "",
        result.compile.seconds, result.compile.slowest, result.compile.slowestSeconds);
    if (result.peakPrivateBytes) {
        text +=
            fmt::format("- private memory {} at most: weights {}, cache {}, other {}\n",
                        formatBytes(*result.peakPrivateBytes), formatBytes(bench.engine.weightBytes()),
                        formatBytes(result.peakCacheBytes), formatBytes(memory["other_bytes"].get<std::uint64_t>()));
    }
    return text;
}

}  // namespace

Json benchJson(const Bench& bench) {
    const BenchResult& result = bench.result;
    Json depths = Json::array();
    for (const DepthResult& at : result.depths) depths.push_back(depthJson(at, result.copyBytesPerSecond));
    Json probes = Json::array();
    for (const ProbeCost& probe : result.probes) {
        const MeanSd cost = meanSd(probe.millisecondsPerToken);
        probes.push_back({{"probes", probe.name},
                          {"ms_per_token", number(cost.mean)},
                          {"ms_per_token_sd", number(cost.sd)},
                          {"cost_median", number(median(probe.ratios) - 1)},
                          {"cost_sd", number(meanSd(probe.ratios).sd)},
                          {"rounds", probe.ratios.size()}});
    }
    return {
        {"schema_version", kJsonVersion},
        {"model", bench.engine.file().path().string()},
        {"architecture", bench.engine.program().hparams.architecture},
        {"policy_requested", bench.settings.cache.policy.empty() ? bench.policy.toText() : bench.settings.cache.policy},
        {"policy_effective", bench.policy.toText()},
        {"device", deviceJson(bench.engine.device())},
        {"math", "precise"},
        {"chunk", bench.settings.cache.chunk},
        {"decode_tokens", bench.settings.tokens},
        {"prefill_tokens", bench.settings.prefill},
        {"repeats", bench.settings.repeats},
        {"depths", std::move(depths)},
        {"probe_depth", result.probes.empty() ? Json(nullptr) : Json(result.probeDepth)},
        {"probe_cost", std::move(probes)},
        {"copy_bytes_per_s", number(result.copyBytesPerSecond)},
        {"weights", weightsJson(result)},
        {"load_s", number(result.loadSeconds)},
        {"load_cpu_s", number(result.loadCpuSeconds)},
        {"cold_read_s", number(result.coldRead.seconds)},
        {"cold_read_cpu_s", number(result.coldRead.cpuSeconds)},
        {"cold_read_bytes", result.coldRead.bytes},
        {"cold_read_resident_share", number(result.coldRead.residentShare)},
        {"compile_s", number(result.compile.seconds)},
        {"compile_slowest_s", number(result.compile.slowestSeconds)},
        {"compile_slowest_kernel", result.compile.slowest},
        {"memory", memoryJson(bench)}};
}

std::string benchMarkdown(const Bench& bench) {
    const runtime::DeviceDescription& device = bench.engine.device();
    const BenchSettings& settings = bench.settings;
    std::string text = fmt::format(
        "{}, policy {}, device {} ({}){}\n", bench.engine.program().hparams.name, bench.policy.toText(), device.name,
        device.uuid, device.isCpu ? ". This device runs on the CPU: its figures say nothing about a GPU." : "");
    if (!bench.result.weights.empty()) return text + weightsMarkdown(bench.result, device.isCpu) + footText(bench);
    text += fmt::format(
        "Decode {} and prefill {} tokens a repeat, {} repeats, mean ± sd; tokenising and sampling excluded; occupancy, "
        "traffic and decision probes on, error off.\n\n"
        "| phase | depth | tokens/s | GB/s requested | GB/s unique | GB/s weights | of copy bandwidth | dispatches a "
        "token | "
        "submissions a token | host µs a token |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        settings.tokens, settings.prefill, settings.repeats);
    text += speedRows(bench);
    text += footText(bench);
    if (!bench.result.depths.empty()) text += kernelRows(bench.result.depths.back());
    return text + probeRows(bench.result);
}

}  // namespace kvscope::cli
