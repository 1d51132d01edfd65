// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace kvscope::bridge {

class EngineLoop;

/// What a request is about. A new request replaces a queued one of its tag.
enum class RequestTag { Open, Reset, Control, Policy, Speed, Probes, Record };

struct Request {
    RequestTag tag = RequestTag::Control;
    std::function<void(EngineLoop&, std::stop_token)> work;
};

/// Requests from the GUI thread to the engine thread. push() never waits for the engine.
class RequestQueue {
  public:
    using Clock = std::chrono::steady_clock;

    /// Queues a request; one of the same tag that still waits is dropped. With `interrupt`, the action that runs now is
    /// asked to stop.
    void push(Request request, bool interrupt = false) {
        {
            const std::scoped_lock lock(m_mutex);
            std::erase_if(m_waiting, [&](const Request& other) { return other.tag == request.tag; });
            m_waiting.push_back(std::move(request));
            if (interrupt) {
                m_current.request_stop();
            }
        }
        m_wake.notify_one();
    }
    /// Asks the action that runs now to stop, and drops what waits under `tag`.
    void cancel(RequestTag tag) {
        const std::scoped_lock lock(m_mutex);
        std::erase_if(m_waiting, [&](const Request& other) { return other.tag == tag; });
        m_current.request_stop();
    }
    /// For the end of the thread: stops the action that runs now and every later one.
    void close() {
        const std::scoped_lock lock(m_mutex);
        m_closed = true;
        m_waiting.clear();
        m_current.request_stop();
    }
    /// The next request, or none once `until` has passed or the thread is asked to stop.
    [[nodiscard]] std::optional<Request> next(const std::stop_token& stop, Clock::time_point until) {
        std::unique_lock lock(m_mutex);
        m_wake.wait_until(lock, stop, until, [&] { return !m_waiting.empty(); });
        if (m_waiting.empty() || stop.stop_requested()) {
            return std::nullopt;
        }
        Request request = std::move(m_waiting.front());
        m_waiting.pop_front();
        return request;
    }
    /// A fresh token for the action that begins now.
    [[nodiscard]] std::stop_token beginAction() {
        const std::scoped_lock lock(m_mutex);
        m_current = std::stop_source();
        if (m_closed) {
            m_current.request_stop();
        }
        return m_current.get_token();
    }

  private:
    std::mutex m_mutex;
    std::condition_variable_any m_wake;
    std::deque<Request> m_waiting;
    std::stop_source m_current;
    bool m_closed = false;
};

}  // namespace kvscope::bridge
