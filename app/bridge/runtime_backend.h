// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "app/bridge/engine_backend.h"

namespace kvscope::runtime {
class Engine;
class Session;
}  // namespace kvscope::runtime

namespace kvscope::bridge {

/// A model that runs on Vulkan: Engine and Session behind the engine thread. The only place of the desktop program that
/// includes engine/runtime.
class RuntimeBackend final : public EngineBackend {
  public:
    /// device: empty = the best; else an index, a part of the name, or a UUID.
    explicit RuntimeBackend(std::string device);
    ~RuntimeBackend() override;
    Result<void> open(const std::filesystem::path& path, const Progress& progress, std::stop_token stop) override;
    Result<trace::RunInfo> start(const RunSettings& settings) override;
    Result<trace::BundlePtr> step(std::stop_token stop) override;
    Result<void> setPolicy(const std::string& text) override;
    Result<void> setErrorEvery(std::uint32_t every) override;
    [[nodiscard]] std::string policyEffective() const override;
    [[nodiscard]] std::vector<std::string> remarks() const override;
    [[nodiscard]] std::string endReason() const override;

  private:
    std::string m_device;
    std::string m_name;
    std::unique_ptr<runtime::Engine> m_engine;    // outlives the session
    std::unique_ptr<runtime::Session> m_session;  // null until the first start
    std::uint32_t m_sequence = 0;
    std::uint32_t m_contextLength = 0;
};

}  // namespace kvscope::bridge
