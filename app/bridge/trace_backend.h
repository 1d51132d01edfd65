// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>

#include "app/bridge/engine_backend.h"
#include "engine/trace/reader.h"

namespace kvscope::bridge {

/// A recorded .kvtrace as a backend: its steps come out as they were recorded, so that views cannot tell it from a
/// live run.
class TraceBackend final : public EngineBackend {
  public:
    Result<void> open(const std::filesystem::path& path, const Progress& progress, std::stop_token stop) override;
    Result<trace::RunInfo> start(const RunSettings& settings) override;
    Result<trace::BundlePtr> step(std::stop_token stop) override;
    Result<void> setPolicy(const std::string& text) override;
    Result<void> setErrorEvery(std::uint32_t every) override;
    [[nodiscard]] std::string policyEffective() const override;
    [[nodiscard]] std::string endReason() const override;
    [[nodiscard]] bool isRecorded() const override { return true; }

  private:
    std::string m_name;
    std::optional<trace::Reader> m_reader;
    std::deque<trace::BundlePtr> m_ahead;  ///< read, not yet handed out
    std::uint64_t m_nextStep = 0;
    std::string m_policy;
};

}  // namespace kvscope::bridge
