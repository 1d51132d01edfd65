// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/bridge/engine_backend.h"
#include "app/bridge/engine_status.h"
#include "app/bridge/request_queue.h"

namespace kvscope::bridge {

/// What arrived since the last pull.
struct Delivery {
    EngineStatus status;
    std::shared_ptr<const Feed> feed;  ///< null while nothing has run
    std::vector<trace::BundlePtr> bundles;
    std::uint64_t dropped = 0;  ///< records lost in this run because the GUI was late
};

/// The GUI's handle on the engine thread. Every function returns at once; results are pulled with take(). Used by the
/// GUI thread.
class EngineThread {
  public:
    explicit EngineThread(BackendFactory factory);
    EngineThread(const EngineThread&) = delete;
    EngineThread& operator=(const EngineThread&) = delete;
    ~EngineThread();

    /// Opens a model (or a .kvtrace) and starts a run on it. A running open is cancelled. On failure the run that is
    /// open stays.
    void open(const std::filesystem::path& path, const RunSettings& settings);
    /// Stops loading; what waits to be opened is forgotten.
    void cancelOpen();
    /// A new run of the open model from its beginning.
    void reset(const RunSettings& settings);
    void setRunning(bool running);
    /// Pauses and does `count` steps.
    void step(std::uint64_t count = 1);
    void setPolicy(const std::string& text);
    /// Decode steps a second at most; 0 = as fast as it goes.
    void setSpeed(double tokensPerSecond);
    void setErrorEvery(std::uint32_t every);
    /// Records the run from its next step on; an empty path ends the recording.
    void record(const std::filesystem::path& path);

    [[nodiscard]] EngineStatus status() const { return m_board.status(); }
    /// Takes everything that waits. Never blocks on the engine.
    [[nodiscard]] Delivery take();

  private:
    RequestQueue m_queue;
    StatusBoard m_board;
    std::jthread m_thread;  // last: its end must come before the queue's
};

}  // namespace kvscope::bridge
