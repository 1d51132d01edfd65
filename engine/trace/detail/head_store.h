// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <utility>

#include "engine/trace/detail/head_codec.h"
#include "engine/trace/detail/sqlite.h"
#include "engine/trace/records.h"

namespace kvscope::trace::detail {

inline constexpr std::size_t kPyramidLevels = 3;
/// Steps that a block of a pyramid level covers: 64, 4096, 262144.
[[nodiscard]] constexpr std::uint64_t blockSteps(std::size_t level) {
    return std::uint64_t{1} << (6 * (level + 1));
}

/// Writes head metrics: collects a window of 64 steps per metric and sequence, writes what a batch brought as a part,
/// and replaces the parts by one row when the window is over. Lives in the writer thread.
class HeadStore {
  public:
    static Result<HeadStore> create(const Database& database, std::uint32_t nLayers);
    /// Takes the head records of a step; steps come in rising order.
    Result<void> add(std::uint64_t step, std::span<const HeadMetricRecord> records);
    /// Ends a batch: what has not been written yet becomes parts.
    Result<void> flush();
    /// Ends the run: closes the window and the pyramid.
    Result<void> finish();

  private:
    using Key = std::pair<HeadMetric, std::uint32_t>;
    struct Pending {
        std::vector<HeadEntry> entries;
        std::size_t written = 0;  ///< entries that lie in parts already
        std::int64_t parts = 0;
    };
    struct Range {
        std::uint64_t block = 0;
        std::vector<float> minimum;
        std::vector<float> maximum;
    };
    Result<void> closeWindow();
    Result<void> insertPart(const Key& key, std::span<const HeadEntry> entries, std::int64_t part);
    Result<void> climb(const Key& key, Range range, std::size_t level);
    Result<void> insertRange(const Key& key, const Range& range, std::size_t level);

    Statement m_insertChunk;
    Statement m_deleteParts;
    Statement m_insertRange;
    std::uint64_t m_window = 0;
    std::uint32_t m_layers = 0;
    std::map<Key, Pending> m_pending;
    std::array<std::map<Key, Range>, kPyramidLevels> m_ranges;
};

}  // namespace kvscope::trace::detail
