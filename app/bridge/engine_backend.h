// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/trace/records.h"

namespace kvscope::bridge {

/// What a run is started with. A value: copied into a request, never read across threads.
struct RunSettings {
    std::string policy;               ///< policy text; empty = exact
    std::string prompt;               ///< text of the first sequence
    std::uint32_t contextLength = 0;  ///< rows a sequence may reach; 0 = what the model was trained on
    std::uint32_t chunk = 64;         ///< prefill chunk, tokens
    std::uint32_t errorEvery = 8;     ///< error probe on every n-th step, 0 = off
    bool exactLane = true;            ///< run `exact` beside it on the same tokens
    float temperature = 0;            ///< 0 = greedy
    std::uint64_t seed = 0;
    std::uint64_t maxSteps = 0;  ///< pause after this many steps, 0 = run until the context is full
    std::vector<std::pair<std::uint64_t, std::string>> policyAt;  ///< switch to a policy before a step
    std::filesystem::path recordTo;                               ///< records from the first step on; empty = not
    bool startRunning = true;
};

/// Progress of a long action: share done (negative = unknown) and what is being done. Called on the engine thread.
using Progress = std::function<void(float fraction, const std::string& what)>;

/// What the engine thread drives: a model with a run on it, or a recorded trace. Every call is made on that thread.
class EngineBackend {
  public:
    EngineBackend() = default;
    EngineBackend(const EngineBackend&) = delete;
    EngineBackend& operator=(const EngineBackend&) = delete;
    virtual ~EngineBackend() = default;
    /// Opens the file. Polls the stop token; a stop gives Cancelled.
    virtual Result<void> open(const std::filesystem::path& path, const Progress& progress, std::stop_token stop) = 0;
    /// Starts a run from its beginning and returns its facts. Called again to reset.
    virtual Result<trace::RunInfo> start(const RunSettings& settings) = 0;
    /// The next step; nullptr when the run is at its end.
    virtual Result<trace::BundlePtr> step(std::stop_token stop) = 0;
    /// Switches the policy from the next step on.
    virtual Result<void> setPolicy(const std::string& text) = 0;
    /// Error probe on every n-th step from the next step on, 0 = off.
    virtual Result<void> setErrorEvery(std::uint32_t every) = 0;
    /// The policy that really runs, and remarks about it.
    [[nodiscard]] virtual std::string policyEffective() const = 0;
    [[nodiscard]] virtual std::vector<std::string> remarks() const { return {}; }
    /// Why the run ended, as a sentence, once step() has returned nullptr.
    [[nodiscard]] virtual std::string endReason() const { return "The run is at its end."; }
    /// True for a recorded trace: it is delivered whole, at once, and no step may be dropped.
    [[nodiscard]] virtual bool isRecorded() const { return false; }
};

using BackendFactory = std::function<std::unique_ptr<EngineBackend>()>;

}  // namespace kvscope::bridge
