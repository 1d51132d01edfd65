// SPDX-License-Identifier: Apache-2.0
#include "app/models/timeline_model.h"

namespace kvscope::models {

const std::array<PanelInfo, kPanels>& panels() {
    static constexpr std::array<PanelInfo, kPanels> kTable{{
        {Panel::Cache, "cache", Quantity::Bytes, "Bytes of the KV cache: shown from the first step."},
        {Panel::Error, "head error", Quantity::Ratio, "Needs the error probe: choose “error every n steps”."},
        {Panel::Traffic, "traffic", Quantity::BytesPerToken, "Bytes moved per token: shown from the first step."},
        {Panel::LostMass, "lost mass", Quantity::Ratio, "Needs the error probe: choose “error every n steps”."},
        {Panel::Kl, "KL to exact", Quantity::Nats, "Needs the exact lane: switch on “exact lane” and reset."},
        {Panel::Speed, "decode speed", Quantity::TokensPerSecond,
         "Tokens per second: shown from the first decode step."},
    }};
    return kTable;
}

const std::array<SeriesInfo, kSeries>& seriesInfos() {
    static constexpr std::array<SeriesInfo, kSeries> kTable{{
        {SeriesId::CacheMha, Panel::Cache, "as MHA", Ink::Grey, true,
         "Bytes if every query head of every layer kept its own f16 rows, no window.\n"
         "= position × query heads × layers × (dK + dV) × 2 B"},
        {SeriesId::CacheNative, Panel::Cache, "architecture", Ink::Share, false,
         "Bytes of an f16 cache as the architecture stores it (grouped heads, native windows).\n"
         "Savings are counted from here."},
        {SeriesId::CachePolicy, Panel::Cache, "this policy", Ink::Keep, false,
         "Bytes of the rows that really lie in the cache, K and V, as encoded.\n"
         "Measured: sum over all regions after each step."},
        {SeriesId::ErrorWorst, Panel::Error, "worst head", Ink::Red, false,
         "Largest relative L2 error of a head's output over all layers and query heads.\n"
         "= max ‖approximate − exact‖ / ‖exact‖; on steps with the error probe."},
        {SeriesId::ErrorMean, Panel::Error, "mean", Ink::Encode, false,
         "Mean relative L2 error over all layers and query heads.\nOn steps with the error probe."},
        {SeriesId::TrafficNative, Panel::Traffic, "KV, architecture", Ink::Grey, true,
         "Bytes a token would read from an f16 cache as the architecture stores it: every row once."},
        {SeriesId::TrafficKv, Panel::Traffic, "KV read", Ink::Read, false,
         "Bytes of K and V rows that the attention kernels requested in this step, per token.\n"
         "Counted from the addresses the kernels touch."},
        {SeriesId::TrafficTotal, Panel::Traffic, "all", Ink::Text, false,
         "All bytes read and written in this step, per token: weights, KV read, KV written, index, activations."},
        {SeriesId::LostWorst, Panel::LostMass, "worst head", Ink::Red, false,
         "Largest share of the exact softmax mass that lies on rows the policy did not read.\n"
         "= 1 − mass recall; on steps with the error probe."},
        {SeriesId::LostMean, Panel::LostMass, "mean", Ink::Keep, false,
         "Mean over all layers and query heads of 1 − mass recall.\nOn steps with the error probe."},
        {SeriesId::Kl, Panel::Kl, "this step", Ink::Grey, false,
         "KL(exact ‖ this policy) of the next-token distributions, nats.\n"
         "The exact lane runs the same tokens in lockstep."},
        {SeriesId::KlMean, Panel::Kl, "mean so far", Ink::Read, false,
         "Mean over the run so far of KL(exact ‖ this policy) of the next-token distributions, nats."},
        {SeriesId::SpeedDecode, Panel::Speed, "decode", Ink::Text, false,
         "Tokens of a decode step / its wall time, median of the last 16 such steps.\n"
         "Steps with the error probe are left out; a speed limit does not count."},
    }};
    return kTable;
}

}  // namespace kvscope::models
