// SPDX-License-Identifier: Apache-2.0
#include "app/cli/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/cli/compile_time.h"
#include "engine/base/units.h"

namespace kvscope::cli {

namespace {

Json ratio(std::uint64_t sum, std::uint64_t count) {
    return count == 0 ? Json(nullptr) : Json(static_cast<double>(sum) / static_cast<double>(count));
}

Json headJson(const trace::HeadStatistics& statistics) {
    return {{"count", statistics.count},
            {"mean", number(statistics.mean)},
            {"min", number(statistics.minimum)},
            {"max", number(statistics.maximum)}};
}

Json errorJson(const FinishedRun& run, const trace::Summary& summary) {
    if (run.settings.errorEvery == 0) return nullptr;
    Json json{{"every", run.settings.errorEvery}};
    for (const auto metric : {trace::HeadMetric::ErrorRelL2, trace::HeadMetric::ErrorCosine,
                              trace::HeadMetric::MassRecall, trace::HeadMetric::AttentionKl}) {
        json[trace::name(metric)] = headJson(summary.head(metric));
    }
    return json;
}

Json laneJson(const FinishedRun& run, const trace::Summary& summary) {
    if (!run.settings.exactLane) return nullptr;
    const trace::LaneStatistics& lane = summary.lane;
    return {{"count", lane.count},
            {"kl_mean", number(lane.klMean)},
            {"kl_standard_error", number(lane.klStandardError)},
            {"kl_median", number(lane.klMedian)},
            {"kl_p99", number(lane.klP99)},
            {"kl_max", number(lane.klMax)},
            {"same_top", lane.count == 0 ? Json(nullptr) : number(lane.sameTopShare)},
            {"scored", lane.scored},
            {"nll_mean", number(lane.nllMean)},
            {"nll_exact_mean", number(lane.nllExactMean)},
            {"perplexity", number(std::exp(lane.nllMean))},
            {"perplexity_exact", number(std::exp(lane.nllExactMean))}};
}

std::vector<text::TokenId> promptOf(const runtime::SequenceState& state) {
    return {state.tokens.begin(), state.tokens.begin() + state.promptTokens};
}

/// The continuation alone.
std::string textOf(const FinishedRun& run, runtime::SequenceId id) {
    text::StreamDecoder decoder(run.engine.tokenizer(), text::StreamStart::Continuation);
    std::string text;
    for (const text::TokenId token : run.loop.generated(id)) text += decoder.push(token);
    return text + decoder.finish();
}

Json sequencesJson(const FinishedRun& run) {
    Json list = Json::array();
    for (std::size_t i = 0; i < run.sequences; ++i) {
        const auto id = static_cast<runtime::SequenceId>(i);
        const runtime::SequenceState& state = run.session.sequence(id);
        list.push_back({{"prompt_tokens", promptOf(state)},
                        {"tokens", run.loop.generated(id)},
                        {"text", textOf(run, id)},
                        {"finished", state.finished}});
    }
    return list;
}

void addCache(Json& json, const trace::Summary& summary) {
    const auto& end = summary.occupancy;
    const auto field = [&](std::uint64_t trace::OccupancyRecord::* member) {
        return end ? Json((*end).*member) : Json(nullptr);
    };
    json["cache_bytes"] = field(&trace::OccupancyRecord::bytesUsed);
    json["cache_bytes_allocated"] = field(&trace::OccupancyRecord::bytesAllocated);
    json["cache_bytes_native_f16"] = field(&trace::OccupancyRecord::bytesNativeF16);
    json["cache_bytes_mha_f16"] = field(&trace::OccupancyRecord::bytesMhaF16);
    json["cache_bytes_index"] = field(&trace::OccupancyRecord::bytesIndex);
    json["cache_bytes_held"] = field(&trace::OccupancyRecord::bytesHeld);
    json["cache_bytes_peak"] = end ? Json(summary.peakBytesUsed) : Json(nullptr);
    json["cache_rows"] = field(&trace::OccupancyRecord::physicalRows);
    json["cache_saved_share"] = number(summary.savedShare);
}

void addSpeed(Json& json, const FinishedRun& run, const trace::Summary& summary) {
    const RunTotals& totals = run.loop.totals();
    json["prefill_tokens_per_s"] = number(summary.prefill.mean);
    json["decode_tokens_per_s"] = number(summary.decode.mean);
    json["compile_s"] = number(compileTime(run.engine).seconds);
    json["steps"] = summary.steps;
    json["dispatches_per_token"] = ratio(totals.decodeDispatches, totals.decodeTokens);
    json["submissions_per_token"] = ratio(totals.decodeSubmissions, totals.decodeTokens);
    const bool timed = totals.decodeGpuNs > 0 && totals.decodeGpuNs <= totals.decodeHostNs;
    json["gpu_us_per_token"] = timed ? ratio(totals.decodeGpuNs / 1000, totals.decodeTokens) : Json(nullptr);
    json["host_us_per_token"] =
        timed ? ratio((totals.decodeHostNs - totals.decodeGpuNs) / 1000, totals.decodeTokens) : Json(nullptr);
}

}  // namespace

Json trafficJson(const trace::Summary& summary) {
    Json json = Json::object();
    for (std::size_t i = 0; i < trace::kTrafficCategories; ++i) {
        const auto category = static_cast<trace::TrafficCategory>(i);
        const trace::Summary::PerToken bytes = summary.perDecodedToken(category);
        json[trace::name(category)] = {{"read_requested", number(bytes.readRequested)},
                                       {"read_unique", number(bytes.readUnique)},
                                       {"written", number(bytes.written)}};
    }
    return json;
}

Json kernelsJson(const std::map<std::string, trace::KernelRecord>& kernels) {
    std::vector<std::pair<std::string, trace::KernelRecord>> sorted(kernels.begin(), kernels.end());
    std::ranges::stable_sort(sorted, [](const auto& a, const auto& b) {
        return std::pair(a.second.gpuNs, a.second.bytesRead) > std::pair(b.second.gpuNs, b.second.bytesRead);
    });
    Json list = Json::array();
    for (const auto& [name, kernel] : sorted) {
        list.push_back({{"kernel", name},
                        {"dispatches", kernel.dispatches},
                        {"gpu_ns", kernel.gpuNs == 0 ? Json(nullptr) : Json(kernel.gpuNs)},
                        {"bytes_read_requested", kernel.bytesRead},
                        {"bytes_read_unique", kernel.bytesUnique},
                        {"bytes_written", kernel.bytesWritten},
                        {"flops", kernel.flops}});
    }
    return list;
}

Json runJson(const FinishedRun& run) {
    const trace::Summary summary = run.loop.summary();
    const RunTotals& totals = run.loop.totals();
    const trace::RunInfo info = run.session.runInfo();
    const runtime::SequenceState& first = run.session.sequence(0);
    Json json{{"schema_version", kJsonVersion},
              {"model", info.modelPath},
              {"model_name", info.modelName},
              {"architecture", info.architecture},
              {"prompt_tokens", promptOf(first)},
              {"tokens", run.loop.generated(0)},
              {"text", textOf(run, 0)},
              {"sequences", run.sequences > 1 ? sequencesJson(run) : Json(nullptr)},
              {"interrupted", totals.interrupted},
              {"policy_requested", run.policyRequested},
              {"policy_effective", run.policyEffective},
              {"policy_at_end", run.session.policyEffective()},
              {"policy_acted", totals.decisions > 0 || (totals.changedRows && summary.steps > 0)},
              {"decisions", totals.decisions},
              {"policy_switches", summary.policySwitches},
              {"remarks", std::vector<std::string>(run.session.remarks().begin(), run.session.remarks().end())},
              {"device", deviceJson(run.engine.device())},
              {"math", info.mathMode},
              {"seed", run.settings.sampler.seed},
              {"context", info.contextLength},
              {"chunk", info.chunk}};
    addCache(json, summary);
    addSpeed(json, run, summary);
    json["traffic_bytes_per_token"] = summary.decodeTokens > 0 ? trafficJson(summary) : Json(nullptr);
    json["kernels"] = kernelsJson(totals.kernels);
    json["error"] = errorJson(run, summary);
    json["lane"] = laneJson(run, summary);
    json["record"] = run.settings.record.empty() ? Json(nullptr) : Json(run.settings.record);
    json["validation_messages"] = run.settings.model.validation ? Json(run.engine.validationMessages()) : Json(nullptr);
    return json;
}

std::string runText(const FinishedRun& run) {
    const trace::Summary summary = run.loop.summary();
    const auto speed = [](const trace::Speed& s) {
        return s.steps == 0 ? std::string("unknown") : fmt::format("{:.1f} tokens/s", s.mean);
    };
    std::string text =
        fmt::format("policy   {}\ndevice   {}{}\nspeed    prefill {}, decode {}\n", run.session.policyEffective(),
                    run.engine.device().name, run.engine.device().isCpu ? " (runs on the CPU)" : "",
                    speed(summary.prefill), speed(summary.decode));
    if (summary.occupancy) {
        text +=
            fmt::format("cache    {} used ({} in f16), {} allocated\n", formatBytes(summary.occupancy->bytesUsed),
                        formatBytes(summary.occupancy->bytesNativeF16), formatBytes(summary.occupancy->bytesAllocated));
    }
    if (summary.lane.count > 0) {
        text += fmt::format("exact    KL {:.3g} ± {:.2g} nats, same top token {:.1f} %\n", summary.lane.klMean,
                            summary.lane.klStandardError, 100 * summary.lane.sameTopShare);
    }
    if (run.settings.errorEvery > 0) {
        text += fmt::format("error    mean {:.3g}, worst {:.3g} (relative L2 of a head's output)\n",
                            summary.head(trace::HeadMetric::ErrorRelL2).mean,
                            summary.head(trace::HeadMetric::ErrorRelL2).maximum);
    }
    for (const std::string& remark : run.session.remarks()) text += "note     " + remark + "\n";
    return text;
}

}  // namespace kvscope::cli
