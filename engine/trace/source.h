// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "engine/base/error.h"
#include "engine/trace/history.h"
#include "engine/trace/reader.h"

namespace kvscope::trace {

/// A run that can be walked through from its first step: a live one in memory or a recorded file. Exporters and
/// summaries take this. The Reader or History must outlive it and stay unchanged.
class StepSource {
  public:
    virtual ~StepSource() = default;
    [[nodiscard]] virtual const RunInfo& run() const = 0;
    [[nodiscard]] virtual std::uint64_t stepCount() const = 0;
    /// As Reader::steps().
    [[nodiscard]] virtual Result<std::vector<BundlePtr>> steps(std::uint64_t first, std::uint64_t count) const = 0;
};

class ReaderSource final : public StepSource {
  public:
    explicit ReaderSource(const Reader& reader) : m_reader(reader) {}
    [[nodiscard]] const RunInfo& run() const override { return m_reader.run(); }
    [[nodiscard]] std::uint64_t stepCount() const override { return m_reader.stepCount(); }
    [[nodiscard]] Result<std::vector<BundlePtr>> steps(std::uint64_t first, std::uint64_t count) const override {
        return m_reader.steps(first, count);
    }

  private:
    const Reader& m_reader;
};

class HistorySource final : public StepSource {
  public:
    explicit HistorySource(const History& history) : m_history(history) {}
    [[nodiscard]] const RunInfo& run() const override { return m_history.run(); }
    [[nodiscard]] std::uint64_t stepCount() const override { return m_history.bundles().size(); }
    [[nodiscard]] Result<std::vector<BundlePtr>> steps(std::uint64_t first, std::uint64_t count) const override;

  private:
    const History& m_history;
};

}  // namespace kvscope::trace
