// SPDX-License-Identifier: Apache-2.0
#include "app/bridge/engine_loop.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "app/bridge/trace_backend.h"

namespace kvscope::bridge {

using namespace std::chrono_literals;

EngineLoop::EngineLoop(BackendFactory factory, RequestQueue& queue, StatusBoard& board)
    : m_factory(std::move(factory)), m_queue(queue), m_board(board), m_due(Clock::now()) {}

void EngineLoop::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        try {
            if (const auto request = m_queue.next(stop, nextDue())) {
                answer(*request);
            } else if (!stop.stop_requested()) {
                advance();
            }
        } catch (const std::exception& exception) {
            m_backend.reset();
            m_running = m_finished = false;
            m_stepsWanted = 0;
            stopRecording();
            m_board.fail({ErrorKind::Internal, "engine", std::string("the run was ended: ") + exception.what()});
            showState();
        }
    }
    stopRecording();
}

void EngineLoop::answer(const Request& request) {
    request.work(*this, m_queue.beginAction());
}

void EngineLoop::open(const std::filesystem::path& path, const RunSettings& settings, const std::stop_token& stop) {
    m_board.update([&](EngineStatus& status) {
        status.state = RunState::Loading;
        status.progress = -1;
        status.activity = "Opening " + path.filename().string();
    });
    auto backend = path.extension() == ".kvtrace" ? std::make_unique<TraceBackend>() : m_factory();
    const auto progress = [&](float fraction, const std::string& what) {
        m_board.update([&](EngineStatus& status) {
            status.progress = fraction;
            status.activity = what;
        });
    };
    auto opened = backend->open(path, progress, stop);
    if (opened && stop.stop_requested()) {
        opened = fail(ErrorKind::Cancelled, path.filename().string(), "loading was cancelled");
    }
    if (!opened) {
        if (opened.error().kind != ErrorKind::Cancelled) {
            m_board.fail(opened.error());
        }
        showState();
        return;
    }
    m_backend = std::move(backend);
    m_board.update([&](EngineStatus& status) {
        status.path = path.string();
        status.recorded = m_backend->isRecorded();
    });
    beginRun(settings);
}

void EngineLoop::reset(const RunSettings& settings) {
    if (m_backend) {
        beginRun(settings);
    }
}

void EngineLoop::beginRun(const RunSettings& settings) {
    stopRecording();
    m_settings = settings;
    std::ranges::sort(m_settings.policyAt);
    m_running = m_finished = false;
    m_steps = m_stepsWanted = 0;
    m_nextSwitch = 0;
    auto info = m_backend->start(m_settings);
    if (!info) {
        m_board.fail(info.error());
        showState();
        return;
    }
    m_feed = std::make_shared<Feed>(++m_generation, std::move(*info));
    m_board.setFeed(m_feed);
    m_running = m_settings.startRunning || m_backend->isRecorded();
    m_due = Clock::now();
    if (!m_settings.recordTo.empty()) {
        record(m_settings.recordTo);
    }
    showState();
}

void EngineLoop::setRunning(bool running) {
    m_running = running && m_backend != nullptr && !m_finished;
    m_stepsWanted = 0;
    m_due = Clock::now();
    showState();
}

void EngineLoop::stepOnce(std::uint64_t count) {
    m_running = false;
    m_stepsWanted += count;
    showState();
}

void EngineLoop::setPolicy(const std::string& text) {
    if (!m_backend) {
        return;
    }
    if (const auto done = m_backend->setPolicy(text); !done) {
        m_board.fail(done.error());
    }
    showState();
}

void EngineLoop::setSpeed(double tokensPerSecond) {
    m_speed = tokensPerSecond;
    m_due = Clock::now();
    showState();
}

void EngineLoop::setErrorEvery(std::uint32_t every) {
    if (!m_backend) {
        return;
    }
    if (const auto done = m_backend->setErrorEvery(every); !done) {
        m_board.fail(done.error());
    }
}

void EngineLoop::record(const std::filesystem::path& path) {
    stopRecording();
    if (path.empty() || !m_feed) {
        return;
    }
    auto writer = trace::Writer::create(path, m_feed->run);
    if (!writer) {
        m_board.fail(writer.error());
        return;
    }
    m_writer = std::move(*writer);
    m_board.update([&](EngineStatus& status) { status.recordingTo = path.string(); });
}

void EngineLoop::stopRecording() {
    if (m_writer) {
        if (const auto closed = m_writer->close(); !closed) {
            m_board.fail(closed.error());
        }
        m_writer.reset();
    }
    m_board.update([](EngineStatus& status) { status.recordingTo.clear(); });
}

void EngineLoop::applyScheduledPolicy() {
    while (m_nextSwitch < m_settings.policyAt.size() && m_settings.policyAt[m_nextSwitch].first <= m_steps) {
        setPolicy(m_settings.policyAt[m_nextSwitch++].second);
    }
}

void EngineLoop::advance() {
    const bool wanted = m_running || m_stepsWanted > 0;
    if (!m_backend || !m_feed || !wanted || m_finished || feedIsFull() || Clock::now() < m_due) {
        return;
    }
    applyScheduledPolicy();
    auto bundle = m_backend->step(m_queue.beginAction());
    if (!bundle && bundle.error().kind == ErrorKind::Cancelled) {
        return;  // something more urgent waits; the step is done again afterwards
    }
    if (!bundle) {
        m_running = false;
        m_stepsWanted = 0;
        m_board.fail(bundle.error());
        showState();
    } else if (*bundle == nullptr) {
        finish(m_backend->endReason());
    } else {
        publish(*bundle);
        pace(**bundle);
    }
}

void EngineLoop::publish(const trace::BundlePtr& bundle) {
    ++m_steps;
    m_feed->pushed.fetch_add(1);
    m_feed->ring.push(bundle);
    if (m_writer) {
        if (const auto written = m_writer->push(bundle); !written) {
            m_board.fail(written.error());
            m_writer.reset();
        }
    }
    const bool singleDone = m_stepsWanted > 0 && --m_stepsWanted == 0;
    const bool switched = !bundle->policySwitchedTo.empty();
    if (m_settings.maxSteps > 0 && m_steps >= m_settings.maxSteps) {
        m_running = false;
        finish("The wanted number of steps is done.");
    } else if (singleDone || switched) {
        showState();
    }
}

void EngineLoop::finish(const std::string& reason) {
    m_finished = true;
    m_running = false;
    m_stepsWanted = 0;
    stopRecording();
    m_board.update([&](EngineStatus& status) { status.activity = reason; });
    showState();
}

void EngineLoop::pace(const trace::StepBundle& bundle) {
    const auto now = Clock::now();
    if (m_speed <= 0 || m_backend->isRecorded() || bundle.step.phase == trace::Phase::Prefill) {
        m_due = now;
        return;
    }
    const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / m_speed));
    m_due = std::max(m_due + interval, now - 2 * interval);
}

bool EngineLoop::feedIsFull() const {
    return m_backend->isRecorded() && m_feed->pushed - m_feed->taken >= Feed::kCapacity / 2;
}

EngineLoop::Clock::time_point EngineLoop::nextDue() const {
    const auto now = Clock::now();
    if (!m_backend || m_finished || (!m_running && m_stepsWanted == 0)) {
        return now + 1h;
    }
    if (feedIsFull()) {
        return now + 5ms;
    }
    return m_due > now ? m_due : now - 1ms;
}

void EngineLoop::showState() {
    m_board.update([&](EngineStatus& status) {
        status.speedLimit = m_speed;
        status.progress = -1;
        if (!m_backend || !m_feed) {
            status.state = RunState::Empty;
        } else if (m_finished) {
            status.state = RunState::Finished;
        } else {
            status.state = m_running ? RunState::Running : RunState::Paused;
        }
        if (m_backend && m_feed) {
            status.policyEffective = m_backend->policyEffective();
            status.remarks = m_backend->remarks();
        }
    });
}

}  // namespace kvscope::bridge
