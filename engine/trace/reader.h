// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include "engine/base/error.h"
#include "engine/trace/records.h"

namespace kvscope::trace {

/// Least and greatest value of each head over a block of steps; NaN where no step of it had a value.
struct HeadRange {
    std::uint64_t firstStep = 0;
    std::uint64_t lastStep = 0;  ///< of the block, both included
    std::vector<float> minimum;  ///< (layer, head), as HeadMetricRecord::values
    std::vector<float> maximum;
};
struct HeadRangeQuery {
    HeadMetric metric = HeadMetric::ResidentRows;
    std::uint32_t sequence = 0;
    std::size_t level = 0;
    std::uint64_t firstStep = 0;
    std::uint64_t lastStep = 0;
};

/// Opens a .kvtrace file (untrusted input: schema, sizes and blobs are checked; errors name file, table and row).
class Reader {
  public:
    static Result<Reader> open(const std::filesystem::path& path);
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;
    ~Reader();
    [[nodiscard]] const RunInfo& run() const;
    [[nodiscard]] std::uint64_t stepCount() const;
    /// True when the run was closed in order; false when it died or was still running as the file was opened.
    [[nodiscard]] bool complete() const;
    /// The recorded steps with index first … first + count - 1 (fewer at the end), whole bundles. The index is the
    /// step's place in the file: equal to StepRecord::step when the recording began with the run. Fails when the asked
    /// steps would take more than 4 GiB.
    [[nodiscard]] Result<std::vector<BundlePtr>> steps(std::uint64_t first, std::uint64_t count) const;
    /// Smallest and largest values of a metric in blocks of 64^(level + 1) steps (level 0 … 2) from `firstStep` to
    /// `lastStep`, in order; for drawing long runs. Blocks without a value are absent; so are the last ones of a run
    /// that died.
    [[nodiscard]] Result<std::vector<HeadRange>> headRanges(const HeadRangeQuery& query) const;

  private:
    struct Impl;
    explicit Reader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kvscope::trace
