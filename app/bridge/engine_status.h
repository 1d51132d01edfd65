// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/trace/records.h"
#include "engine/trace/ring.h"

namespace kvscope::bridge {

enum class RunState : std::uint8_t { Empty, Loading, Paused, Running, Finished };

/// What the engine thread is doing, as a value the GUI copies once a frame.
struct EngineStatus {
    RunState state = RunState::Empty;
    std::uint64_t generation = 0;  ///< of the run whose records are delivered; 0 = none yet
    float progress = -1;           ///< while loading: 0 … 1, negative = unknown
    std::string activity;          ///< while loading: what is being done; else why the run stopped
    std::string path;              ///< of the open model or trace
    bool recorded = false;         ///< a recorded trace, not a live run
    std::string policyEffective;
    std::vector<std::string> remarks;
    double speedLimit = 0;  ///< tokens/s, 0 = none
    std::string recordingTo;
    std::optional<Error> error;     ///< the newest error
    std::uint64_t errorSerial = 0;  ///< raised with every error, so that the same one twice is seen twice
};

/// The records of one run on their way from the engine thread to the GUI. A new run gets a new feed, so records of an
/// older generation never reach the new run's views.
struct Feed {
    Feed(std::uint64_t number, trace::RunInfo info) : generation(number), run(std::move(info)), ring(kCapacity) {}
    static constexpr std::size_t kCapacity = 4096;
    const std::uint64_t generation;
    const trace::RunInfo run;
    trace::Ring ring;
    std::atomic<std::uint64_t> pushed{0};
    std::atomic<std::uint64_t> taken{0};
};

/// Status and current feed, written by the engine thread and copied by the GUI thread.
class StatusBoard {
  public:
    void update(const std::function<void(EngineStatus&)>& change) {
        const std::scoped_lock lock(m_mutex);
        change(m_status);
    }
    void fail(const Error& error) {
        const std::scoped_lock lock(m_mutex);
        m_status.error = error;
        ++m_status.errorSerial;
    }
    void setFeed(std::shared_ptr<Feed> feed) {
        const std::scoped_lock lock(m_mutex);
        m_status.generation = feed->generation;
        m_feed = std::move(feed);
    }
    [[nodiscard]] EngineStatus status() const {
        const std::scoped_lock lock(m_mutex);
        return m_status;
    }
    [[nodiscard]] std::shared_ptr<Feed> feed() const {
        const std::scoped_lock lock(m_mutex);
        return m_feed;
    }

  private:
    mutable std::mutex m_mutex;
    EngineStatus m_status;
    std::shared_ptr<Feed> m_feed;
};

}  // namespace kvscope::bridge
