// SPDX-License-Identifier: Apache-2.0
#include "app/cli/plan_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/units.h"
#include "engine/gguf/quote.h"

namespace kvscope::cli {

namespace {

using planner::LayerPlan;
using planner::Plan;
using planner::StreamPlan;

template <typename T>
Json known(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json textOrNull(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json ratio(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? Json(nullptr) : Json(static_cast<double>(part) / static_cast<double>(whole));
}

/// Elements of a value, whether they lie beside the key or in it.
std::uint32_t valueDim(const model::CacheStream& stream) {
    return stream.valueDim != 0 ? stream.valueDim : stream.sharedValue;
}

Json streamJson(const StreamPlan& rows) {
    const model::CacheStream& stream = rows.stream;
    return {{"role", model::name(stream.role)},
            {"encoding", rows.encoding},
            {"window", stream.window},
            {"tokens_per_row", stream.tokensPerRow},
            {"kv_heads", stream.kvHeads},
            {"key_dim", stream.keyDim},
            {"value_dim", valueDim(stream)},
            {"value_in_key", stream.valueDim == 0 && stream.sharedValue != 0},
            {"rows", rows.rows},
            {"rows_read", rows.rowsRead},
            {"row_bytes", rows.rowBytes},
            {"bytes", rows.bytes},
            {"bytes_read", rows.bytesRead}};
}

/// The streams that a layer owns are its own; a borrower tells the shape of what it reads.
Json layerJson(const LayerPlan& layer) {
    Json roles = Json::array();
    Json streams = Json::array();
    std::uint64_t rows = 0;
    for (const StreamPlan& stream : layer.streams) {
        if (!layer.owns()) break;
        roles.push_back(model::name(stream.stream.role));
        streams.push_back(streamJson(stream));
        rows += stream.rows;
    }
    const model::CacheStream& first = layer.streams.front().stream;
    return {{"layer", layer.layer},          {"source", layer.source},
            {"roles", std::move(roles)},     {"window", first.window},
            {"kv_heads", first.kvHeads},     {"key_dim", first.keyDim},
            {"value_dim", valueDim(first)},  {"rows", rows},
            {"bytes", layer.bytes},          {"state_bytes", layer.stateBytes},
            {"bytes_read", layer.bytesRead}, {"flops", layer.flops},
            {"streams", std::move(streams)}};
}

void addCosts(Json& json, const Plan& plan) {
    json["cache_bytes_total"] = plan.cacheBytes;
    json["cache_bytes_allocated"] = plan.allocation.pageBytes + plan.allocation.stateBytes;
    json["cache_bytes_index"] = plan.allocation.indexBytes + plan.allocation.positionBytes;
    json["state_bytes"] = plan.stateBytes;
    json["bytes_native_f16"] = plan.nativeF16Bytes;
    json["bytes_mha_f16"] = plan.mhaF16Bytes;
    json["ratio_to_native_f16"] = ratio(plan.cacheBytes, plan.nativeF16Bytes);
    json["ratio_to_mha_f16"] = ratio(plan.cacheBytes, plan.mhaF16Bytes);
    json["bytes_read_per_token"] = plan.bytesRead;
    json["attention_flops_per_token"] = plan.attentionFlops;
    json["roofline_tokens_per_s"] = known(plan.roofline.tokensPerS);
    json["roofline_limit"] = textOrNull(plan.roofline.limit);
    json["roofline_cache_tokens_per_s"] = known(plan.roofline.cacheTokensPerS);
}

Json roleBytes(const Plan& plan, std::uint64_t sequences) {
    Json json{{"attention", 0}, {"latent", 0}, {"compressed", 0}, {"index", 0}};
    for (const LayerPlan& layer : plan.layers) {
        if (!layer.owns()) continue;
        for (const StreamPlan& rows : layer.streams) {
            Json& sum = json[model::name(rows.stream.role)];
            sum = sum.get<std::uint64_t>() + rows.bytes * sequences;
        }
    }
    return json;
}

std::string bytesText(std::uint64_t bytes) {
    return fmt::format("{} ({} B)", formatBytes(bytes), bytes);
}

std::string rateText(const std::optional<double>& rate) {
    return rate ? fmt::format("{:.3g}", *rate) : "unknown";
}

std::string headText(const PlanReport& report) {
    const planner::PlanRequest& request = report.planner.request();
    const Plan& plan = report.plan;
    std::string text;
    const auto line = [&text](std::string_view title, const std::string& value) {
        text += fmt::format("{:<26}{}\n", title, value);
    };
    line("model", fmt::format("{} ({})", gguf::quoteName(request.hparams.name, 200),
                              gguf::quoteName(request.hparams.architecture, 200)));
    line("dimensions", report.facts.source);
    line("policy", request.policy.toText());
    line("context", fmt::format("{} tokens{}", plan.context,
                                request.sequences == 1 ? "" : fmt::format(", {} sequences", request.sequences)));
    line("cache", bytesText(plan.cacheBytes));
    line("allocated in pages", bytesText(plan.allocation.pageBytes + plan.allocation.stateBytes));
    line("page tables, positions", bytesText(plan.allocation.indexBytes + plan.allocation.positionBytes));
    if (plan.stateBytes != 0) line("decode state", bytesText(plan.stateBytes));
    line("native in f16", bytesText(plan.nativeF16Bytes));
    line("a head each in f16", bytesText(plan.mhaF16Bytes));
    line("a further token", fmt::format("{:.0f} B", plan.bytesPerToken));
    line("read by a decode step", bytesText(plan.bytesRead));
    line("weights read by it", request.weights ? bytesText(request.weights->bytes) : "unknown");
    line("bandwidth", request.bandwidth
                          ? fmt::format("{:.3g} GB/s, {}", *request.bandwidth / 1e9, report.facts.bandwidthFrom)
                          : "unknown");
    for (const std::string& remark : report.planner.remarks()) text += fmt::format("remark: {}\n", remark);
    return text;
}

/// The rows of a layer, a line for each kind, without the layer's number.
std::string rowsText(const LayerPlan& layer) {
    constexpr const char* kLine = "  {:<12} {:<11} {:>9} {:>16} {:>16}\n";
    if (!layer.owns()) {
        return fmt::format(kLine, fmt::format("of layer {}", layer.source), "", "", "", layer.bytesRead);
    }
    std::string text;
    for (const StreamPlan& rows : layer.streams) {
        const model::CacheStream& stream = rows.stream;
        const std::string tokens = stream.window != 0         ? fmt::format("the last {}", stream.window)
                                   : stream.tokensPerRow != 1 ? fmt::format("{} a row", stream.tokensPerRow)
                                                              : "all";
        text += fmt::format(kLine, model::name(stream.role), tokens, rows.rows, rows.bytes, rows.bytesRead);
    }
    return text;
}

/// "0-3, 5, 8, 10 .. 60": runs with the same distance as one.
std::string numbersText(const std::vector<std::uint32_t>& numbers) {
    std::string text;
    for (std::size_t first = 0; first < numbers.size();) {
        std::size_t last = first;
        const std::uint32_t step = first + 1 < numbers.size() ? numbers[first + 1] - numbers[first] : 0;
        while (last + 1 < numbers.size() && numbers[last + 1] - numbers[last] == step) ++last;
        if (last - first < 2 && step != 1) last = first;
        if (!text.empty()) text += ", ";
        text += last == first ? fmt::format("{}", numbers[first])
                : step == 1   ? fmt::format("{}-{}", numbers[first], numbers[last])
                              : fmt::format("{}, {} .. {}", numbers[first], numbers[first + 1], numbers[last]);
        first = last + 1;
    }
    return text;
}

/// Layers that cache alike are told once.
std::string layersText(const Plan& plan) {
    std::vector<std::pair<std::string, std::vector<std::uint32_t>>> kinds;
    for (const LayerPlan& layer : plan.layers) {
        const std::string rows = rowsText(layer);
        auto kind = std::ranges::find_if(kinds, [&](const auto& known) { return known.first == rows; });
        if (kind == kinds.end()) kind = kinds.insert(kinds.end(), {rows, {}});
        kind->second.push_back(layer.layer);
    }
    std::string text = fmt::format("\n  {:<12} {:<11} {:>9} {:>16} {:>16}\n", "rows", "of tokens", "a head",
                                   "bytes a layer", "read by a step");
    for (const auto& [rows, layers] : kinds) {
        text += fmt::format("{} {}\n{}", layers.size() == 1 ? "layer" : "layers", numbersText(layers), rows);
    }
    return text;
}

std::string contextsText(const PlanReport& report) {
    std::string text = fmt::format("\n{:>10} {:>14} {:>14} {:>18} {:>12} {:>16}\n", "context", "cache", "native f16",
                                   "read by a step", "tokens/s", "of cache alone");
    for (const Plan& plan : report.byContext) {
        text += fmt::format("{:>10} {:>14} {:>14} {:>18} {:>12} {:>16}\n", plan.context, formatBytes(plan.cacheBytes),
                            formatBytes(plan.nativeF16Bytes), formatBytes(plan.bytesRead),
                            rateText(plan.roofline.tokensPerS), rateText(plan.roofline.cacheTokensPerS));
    }
    return text;
}

}  // namespace

Json planJson(const PlanReport& report) {
    const planner::PlanRequest& request = report.planner.request();
    const model::Hparams& h = request.hparams;
    Json json{{"schema_version", kJsonVersion},
              {"preset", textOrNull(report.facts.preset)},
              {"model", textOrNull(report.facts.file)},
              {"model_name", h.name},
              {"architecture", h.architecture},
              {"source", report.facts.source},
              {"trained_context", h.nCtxTrained != 0 ? Json(h.nCtxTrained) : Json(nullptr)},
              {"context", report.plan.context},
              {"sequences", request.sequences},
              {"chunk", request.chunk},
              {"policy_requested", report.facts.policy},
              {"policy_effective", request.policy.toText()},
              {"policy_runs", request.policy.runs()},
              {"remarks", report.planner.remarks()}};
    addCosts(json, report.plan);
    json["cache_bytes_by_role"] = roleBytes(report.plan, request.sequences);
    json["cache_bytes_per_further_token"] = report.plan.bytesPerToken;
    json["weight_bytes_per_token"] = request.weights ? Json(request.weights->bytes) : Json(nullptr);
    json["weight_flops_per_token"] =
        request.weights && request.weights->values ? Json(2 * *request.weights->values) : Json(nullptr);
    json["bandwidth_bytes_per_s"] = known(request.bandwidth);
    json["bandwidth_from"] = textOrNull(report.facts.bandwidthFrom);
    json["bandwidth_device"] = textOrNull(report.facts.device);
    json["flops_per_s"] = known(request.flops);
    json["per_layer"] = Json::array();
    for (const LayerPlan& layer : report.plan.layers) json["per_layer"].push_back(layerJson(layer));
    json["by_context"] = Json::array();
    for (const Plan& plan : report.byContext) {
        Json row{{"context", plan.context}};
        addCosts(row, plan);
        json["by_context"].push_back(std::move(row));
    }
    return json;
}

std::string planText(const PlanReport& report) {
    return headText(report) + layersText(report.plan) + contextsText(report);
}

}  // namespace kvscope::cli
