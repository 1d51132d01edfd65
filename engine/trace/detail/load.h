// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "engine/trace/detail/sqlite.h"
#include "engine/trace/records.h"

namespace kvscope::trace::detail {

inline constexpr std::uint64_t kMaxLayers = 4096;
inline constexpr std::uint64_t kMaxHeads = 4096;
inline constexpr std::uint64_t kMaxHeadValues = std::uint64_t{1} << 20U;  ///< layers x heads

/// Checks that the file is a trace of a version we read, with all tables and columns of it.
[[nodiscard]] Result<void> checkSchema(const Database& database);
[[nodiscard]] Result<RunInfo> loadRun(const Database& database);
/// The numbers of all steps, rising.
[[nodiscard]] Result<std::vector<std::int64_t>> loadStepNumbers(const Database& database);
/// True when the run was closed in order with that many steps.
[[nodiscard]] Result<bool> loadComplete(const Database& database, std::uint64_t steps);

/// Loads whole bundles for consecutive entries of the step list and checks their digests.
class BundleLoader {
  public:
    /// firstIndex: place of numbers.front() in the file.
    BundleLoader(const Database& database, const RunInfo& run, std::span<const std::int64_t> numbers,
                 std::uint64_t firstIndex);
    [[nodiscard]] Result<std::vector<BundlePtr>> load();

  private:
    Result<void> loadSteps();
    template <typename Row>
    Result<void> loadChild();
    Result<void> loadHeads();
    Result<void> loadChunk(const Statement& row);
    Result<void> spend(std::uint64_t bytes);
    Result<void> checkDigests() const;
    /// The bundle of a step number; nullptr when it is none of ours.
    StepBundle* bundleOf(std::int64_t step);

    const Database& m_database;
    const RunInfo& m_run;
    std::span<const std::int64_t> m_numbers;
    std::uint64_t m_firstIndex;
    std::uint64_t m_spent = 0;  ///< bytes of what was loaded, bounded
    std::vector<std::shared_ptr<StepBundle>> m_bundles;
    std::vector<std::optional<std::int64_t>> m_digests;
    std::vector<std::vector<std::pair<std::uint16_t, HeadMetricRecord>>> m_heads;  ///< a step's, with their place
};

}  // namespace kvscope::trace::detail
