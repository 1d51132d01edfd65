// SPDX-License-Identifier: Apache-2.0
#include "engine/trace/records.h"

#include "engine/trace/names.h"

namespace kvscope::trace {

namespace {

constexpr std::array<std::string_view, 2> kPhaseNames = {"prefill", "decode"};
constexpr std::array<std::string_view, 5> kAxisNames = {"share", "encode", "keep", "read", "native"};
constexpr std::array<std::string_view, 8> kDecisionNames = {"share",    "unshare", "merge",  "evict",
                                                            "compress", "promote", "demote", "policy_switch"};
constexpr std::array<std::string_view, kTrafficCategories> kTrafficNames = {"weights", "kv_read", "kv_written", "index",
                                                                            "activations"};

struct MetricFacts {
    std::string_view name;
    std::string_view unit;
    bool perKvHead;
};
constexpr std::array<MetricFacts, kHeadMetrics> kMetricFacts = {{
    {"resident_rows", "rows", true},
    {"bytes_used", "B", true},
    {"kv_read_bytes", "B", true},
    {"error_rel_l2", "", false},
    {"error_cosine", "", false},
    {"mass_recall", "", false},
    {"attention_kl", "nats", false},
    {"compressed_rows", "rows", true},
    {"index_rows", "rows", true},
    {"selected_rows", "rows", true},
}};

template <typename Enum, std::size_t n>
std::optional<Enum> find(const std::array<std::string_view, n>& names, std::string_view text) {
    for (std::size_t i = 0; i < n; ++i) {
        if (names.at(i) == text) return static_cast<Enum>(i);
    }
    return std::nullopt;
}

template <typename Enum, std::size_t n>
const char* nameIn(const std::array<std::string_view, n>& names, Enum value) {
    const auto index = static_cast<std::size_t>(value);
    return index < n ? names.at(index).data() : "unknown";
}

}  // namespace

const char* name(Phase phase) {
    return nameIn(kPhaseNames, phase);
}
const char* name(Axis axis) {
    return nameIn(kAxisNames, axis);
}
const char* name(DecisionKind kind) {
    return nameIn(kDecisionNames, kind);
}
const char* name(TrafficCategory category) {
    return nameIn(kTrafficNames, category);
}

const char* name(HeadMetric metric) {
    const auto index = static_cast<std::size_t>(metric);
    return index < kHeadMetrics ? kMetricFacts.at(index).name.data() : "unknown";
}

const char* unit(HeadMetric metric) {
    const auto index = static_cast<std::size_t>(metric);
    return index < kHeadMetrics ? kMetricFacts.at(index).unit.data() : "";
}

bool isPerKvHead(HeadMetric metric) {
    const auto index = static_cast<std::size_t>(metric);
    return index < kHeadMetrics && kMetricFacts.at(index).perKvHead;
}

bool fromName(std::string_view text, Phase& phase) {
    const auto found = find<Phase>(kPhaseNames, text);
    return found ? (phase = *found, true) : false;
}

bool fromName(std::string_view text, Axis& axis) {
    const auto found = find<Axis>(kAxisNames, text);
    return found ? (axis = *found, true) : false;
}

bool fromName(std::string_view text, DecisionKind& kind) {
    const auto found = find<DecisionKind>(kDecisionNames, text);
    return found ? (kind = *found, true) : false;
}

bool fromName(std::string_view text, TrafficCategory& category) {
    const auto found = find<TrafficCategory>(kTrafficNames, text);
    return found ? (category = *found, true) : false;
}

bool fromName(std::string_view text, HeadMetric& metric) {
    for (std::size_t i = 0; i < kHeadMetrics; ++i) {
        if (kMetricFacts.at(i).name != text) continue;
        metric = static_cast<HeadMetric>(i);
        return true;
    }
    return false;
}

}  // namespace kvscope::trace
