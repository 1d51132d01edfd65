// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/trace/source.h"

namespace kvscope::trace {

/// Tokens per second of one phase, from uninstrumented steps only (the error probe's time is no speed figure).
struct Speed {
    std::uint64_t steps = 0;   ///< uninstrumented steps with a measured time
    std::uint64_t tokens = 0;  ///< columns of these
    double mean = 0;           ///< tokens / summed wall time; NaN without steps
    double median = 0;         ///< of the steps' own tokens / wall time; NaN without steps
};

/// Figures over all values of one head metric that are numbers (all layers, heads, sequences and steps).
struct HeadStatistics {
    std::uint64_t count = 0;
    double mean = 0;  ///< NaN when count is 0, as the others
    double minimum = 0;
    double maximum = 0;
};

/// The run against the lane `exact`.
struct LaneStatistics {
    std::uint64_t count = 0;     ///< lane records with a KL
    double klMean = 0;           ///< nats; NaN when count is 0, as the others
    double klStandardError = 0;  ///< sample standard deviation / sqrt(count); NaN when count < 2
    double klMedian = 0;
    double klP99 = 0;  ///< linear between the two nearest ranks: rank 0.99 (count - 1)
    double klMax = 0;
    double sameTopShare = 0;   ///< of all lane records
    std::uint64_t scored = 0;  ///< records with both log-likelihoods
    double nllMean = 0;        ///< nats a token in this lane; NaN when scored is 0, as the others
    double nllExactMean = 0;   ///< in the lane `exact`; exp() of both are the perplexities
};

/// Totals and figures of a run, for `--json`, status bar and reports.
struct Summary {
    std::uint64_t steps = 0;
    std::uint64_t instrumentedSteps = 0;
    std::uint64_t promptTokens = 0;     ///< token records that were given
    std::uint64_t generatedTokens = 0;  ///< token records that were sampled
    std::uint64_t hostNs = 0;           ///< summed wall time of all steps
    std::uint64_t gpuNs = 0;
    std::uint64_t dispatches = 0;
    std::uint64_t submissions = 0;
    Speed prefill;
    Speed decode;

    std::optional<OccupancyRecord> occupancy;  ///< of the whole session after the last step that has one
    std::uint64_t peakBytesUsed = 0;
    double savedShare = 0;  ///< 1 - bytes used / bytes native f16 at the end; negative = more than f16; NaN unknown
    double ratioToF16 = 0;  ///< bytes used / bytes native f16; NaN unknown

    TrafficRecord traffic;           ///< summed over all steps
    TrafficRecord decodeTraffic;     ///< summed over decode steps
    std::uint64_t decodeTokens = 0;  ///< columns of decode steps

    std::array<HeadStatistics, kHeadMetrics> heads;  ///< by HeadMetric
    LaneStatistics lane;
    std::array<std::uint64_t, 8> decisions{};  ///< events by DecisionKind
    std::uint64_t policySwitches = 0;

    /// Mean bytes a decoded token moves in a category: decodeTraffic / decodeTokens; NaN without decoded tokens.
    struct PerToken {
        double readRequested = 0;
        double readUnique = 0;
        double written = 0;
    };
    [[nodiscard]] PerToken perDecodedToken(TrafficCategory category) const;
    [[nodiscard]] const HeadStatistics& head(HeadMetric metric) const {
        return heads.at(static_cast<std::size_t>(metric));
    }
};

/// Collects a summary step by step (a live run); summary() may be asked for at any time and costs a sort of the lane
/// records and step times so far.
class SummaryBuilder {
  public:
    SummaryBuilder();
    void add(const StepBundle& bundle);
    [[nodiscard]] Summary summary() const;

  private:
    struct PhaseTimes {
        std::uint64_t hostNs = 0;
        std::vector<double> rates;  ///< tokens per second of each uninstrumented step
    };
    void addStep(const StepRecord& step);
    void addTraffic(const StepBundle& bundle);
    void addHeads(const StepBundle& bundle);
    void addLanes(const StepBundle& bundle);

    Summary m_sum;  ///< counts and sums; means are made in summary()
    std::array<PhaseTimes, 2> m_phases;
    std::vector<double> m_kl;
    std::uint64_t m_lanes = 0;
    std::uint64_t m_sameTop = 0;
    double m_nll = 0;
    double m_nllExact = 0;
};

/// The summary of a whole run.
[[nodiscard]] Result<Summary> summarise(const StepSource& source);

}  // namespace kvscope::trace
