// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "app/bridge/engine_backend.h"
#include "app/bridge/engine_status.h"
#include "app/bridge/request_queue.h"
#include "engine/trace/writer.h"

namespace kvscope::bridge {

/// What runs on the engine thread: answers requests and steps the run. Owned and called by that thread alone.
class EngineLoop {
  public:
    EngineLoop(BackendFactory factory, RequestQueue& queue, StatusBoard& board);

    /// Until the thread is asked to stop. Broken invariants (exceptions) end the run and become the status' error.
    void run(const std::stop_token& stop);

    void open(const std::filesystem::path& path, const RunSettings& settings, const std::stop_token& stop);
    void reset(const RunSettings& settings);
    void setRunning(bool running);
    void stepOnce(std::uint64_t count);
    void setPolicy(const std::string& text);
    void setSpeed(double tokensPerSecond);
    void setErrorEvery(std::uint32_t every);
    void record(const std::filesystem::path& path);

  private:
    using Clock = RequestQueue::Clock;
    void answer(const Request& request);
    void advance();
    void beginRun(const RunSettings& settings);
    void publish(const trace::BundlePtr& bundle);
    void pace(const trace::StepBundle& bundle);
    void applyScheduledPolicy();
    void finish(const std::string& reason);
    void stopRecording();
    [[nodiscard]] bool feedIsFull() const;
    [[nodiscard]] Clock::time_point nextDue() const;
    void showState();

    BackendFactory m_factory;
    RequestQueue& m_queue;
    StatusBoard& m_board;
    std::unique_ptr<EngineBackend> m_backend;
    std::shared_ptr<Feed> m_feed;
    std::unique_ptr<trace::Writer> m_writer;
    RunSettings m_settings;
    std::uint64_t m_generation = 0;
    std::uint64_t m_steps = 0;        ///< of this run
    std::uint64_t m_stepsWanted = 0;  ///< single steps while paused
    std::size_t m_nextSwitch = 0;     ///< index into m_settings.policyAt
    bool m_running = false;
    bool m_finished = false;
    double m_speed = 0;
    Clock::time_point m_due;
};

}  // namespace kvscope::bridge
