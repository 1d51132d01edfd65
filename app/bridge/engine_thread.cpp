// SPDX-License-Identifier: Apache-2.0
#include "app/bridge/engine_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include <stop_token>
#include <utility>

#include "app/bridge/engine_loop.h"

namespace kvscope::bridge {

namespace {

// A CPU implementation of Vulkan computes on every core. Its threads inherit the engine thread's priority; a little
// less than the GUI's keeps the window smooth.
void yieldToGui() {
    constexpr int kNice = 5;
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}

}  // namespace

EngineThread::EngineThread(BackendFactory factory)
    : m_thread([this, make = std::move(factory)](const std::stop_token& stop) {
          yieldToGui();
          EngineLoop loop(make, m_queue, m_board);
          loop.run(stop);
      }) {}

EngineThread::~EngineThread() {
    m_thread.request_stop();
    m_queue.close();
}

void EngineThread::open(const std::filesystem::path& path, const RunSettings& settings) {
    m_board.update([](EngineStatus& status) { status.state = RunState::Loading; });
    m_queue.push({RequestTag::Open,
                  [path, settings](EngineLoop& loop, const std::stop_token& stop) { loop.open(path, settings, stop); }},
                 true);
}

void EngineThread::cancelOpen() {
    m_queue.cancel(RequestTag::Open);
    m_queue.push({RequestTag::Speed, [speed = status().speedLimit](EngineLoop& loop, const std::stop_token&) {
                      loop.setSpeed(speed);  // shows the state once the open action has ended
                  }});
}

void EngineThread::reset(const RunSettings& settings) {
    m_queue.push({RequestTag::Reset, [settings](EngineLoop& loop, const std::stop_token&) { loop.reset(settings); }});
}

void EngineThread::setRunning(bool running) {
    m_queue.push(
        {RequestTag::Control, [running](EngineLoop& loop, const std::stop_token&) { loop.setRunning(running); }});
}

void EngineThread::step(std::uint64_t count) {
    m_queue.push({RequestTag::Control, [count](EngineLoop& loop, const std::stop_token&) { loop.stepOnce(count); }});
}

void EngineThread::setPolicy(const std::string& text) {
    m_queue.push({RequestTag::Policy, [text](EngineLoop& loop, const std::stop_token&) { loop.setPolicy(text); }});
}

void EngineThread::setSpeed(double tokensPerSecond) {
    m_queue.push({RequestTag::Speed,
                  [tokensPerSecond](EngineLoop& loop, const std::stop_token&) { loop.setSpeed(tokensPerSecond); }});
}

void EngineThread::setErrorEvery(std::uint32_t every) {
    m_queue.push(
        {RequestTag::Probes, [every](EngineLoop& loop, const std::stop_token&) { loop.setErrorEvery(every); }});
}

void EngineThread::record(const std::filesystem::path& path) {
    m_queue.push({RequestTag::Record, [path](EngineLoop& loop, const std::stop_token&) { loop.record(path); }});
}

Delivery EngineThread::take() {
    Delivery delivery;
    delivery.status = m_board.status();
    const auto feed = m_board.feed();
    if (feed) {
        delivery.bundles = feed->ring.take();
        feed->taken.fetch_add(delivery.bundles.size());
        delivery.dropped = feed->ring.dropped();
        delivery.feed = feed;
    }
    return delivery;
}

}  // namespace kvscope::bridge
