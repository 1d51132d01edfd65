// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/models/decimated_series.h"
#include "app/models/snapshot.h"
#include "engine/trace/records.h"

namespace kvscope::models {

/// How the figures of a panel are written.
enum class Quantity : std::uint8_t { Bytes, BytesPerToken, Ratio, TokensPerSecond, Nats };

/// What a curve stands for, which decides its colour: an axis of the policy, the architecture (grey), or trouble (red).
enum class Ink : std::uint8_t { Share, Encode, Keep, Read, Grey, Red, Text };

enum class Panel : std::uint8_t { Cache, Error, Traffic, LostMass, Kl, Speed };
inline constexpr std::size_t kPanels = 6;

enum class SeriesId : std::uint8_t {
    CacheMha,
    CacheNative,
    CachePolicy,
    ErrorWorst,
    ErrorMean,
    TrafficNative,
    TrafficKv,
    TrafficTotal,
    LostWorst,
    LostMean,
    Kl,
    KlMean,
    SpeedDecode,
};
inline constexpr std::size_t kSeries = 13;

struct PanelInfo {
    Panel panel;
    const char* title;
    Quantity quantity;
    const char* empty;  ///< what would fill it
};
struct SeriesInfo {
    SeriesId id;
    Panel panel;
    const char* title;
    Ink ink;
    bool dashed;
    const char* definition;  ///< definition, formula, source
};
[[nodiscard]] const std::array<PanelInfo, kPanels>& panels();
[[nodiscard]] const std::array<SeriesInfo, kSeries>& seriesInfos();

/// A policy switch, drawn as a dashed mark on all timelines.
struct PolicyMark {
    double position = 0;
    std::string text;
    trace::Axis axis = trace::Axis::Native;  ///< the first axis that changed
};

/// The curves of the Timelines view against position, fed from the history.
class TimelineModel {
  public:
    /// Reads what is new; true when something changed.
    bool update(const Snapshot& snapshot);
    [[nodiscard]] const DecimatedSeries& series(SeriesId id) const { return m_series.at(static_cast<std::size_t>(id)); }
    [[nodiscard]] std::span<const PolicyMark> marks() const { return m_marks; }
    /// Position of the newest step read.
    [[nodiscard]] double position() const { return m_position; }
    [[nodiscard]] std::uint64_t newestStep() const { return m_newestStep; }
    /// The step that first reached a position; 0 when nothing was read.
    [[nodiscard]] std::uint64_t stepAt(double position) const;

  private:
    void append(const trace::StepBundle& bundle);
    void appendHeads(const trace::StepBundle& bundle, double x);
    void appendSpeed(const trace::StepBundle& bundle, double x);
    void add(SeriesId id, double x, double y) { m_series.at(static_cast<std::size_t>(id)).append(x, y); }

    HistoryCursor m_cursor;
    std::array<DecimatedSeries, kSeries> m_series;
    std::vector<PolicyMark> m_marks;
    std::deque<double> m_recentSpeeds;
    std::string m_policy;
    double m_position = 0;
    double m_klSum = 0;
    std::uint64_t m_klCount = 0;
    std::uint64_t m_newestStep = 0;
    std::vector<std::pair<double, std::uint64_t>> m_steps;  ///< (position after it, step), in order
};

/// The first axis in which two policy texts differ; Native when none.
[[nodiscard]] trace::Axis changedAxis(const std::string& before, const std::string& after);

/// Median of the values; NaN when there are none.
[[nodiscard]] double median(std::deque<double> values);

}  // namespace kvscope::models
