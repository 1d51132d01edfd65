// SPDX-License-Identifier: Apache-2.0
#include "app/shell/frame_meter.h"

#include <algorithm>
#include <utility>

namespace kvscope::shell {

namespace {
double milliseconds(std::chrono::steady_clock::duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}
}  // namespace

void FrameMeter::add(double time) {
    if (m_times.size() < kKept) {
        m_times.push_back(time);
    } else {
        m_times[m_next] = time;
        m_next = (m_next + 1) % kKept;
    }
}

double FrameMeter::quantile(double p) const {
    if (m_times.empty()) {
        return 0;
    }
    auto sorted = m_times;
    const auto at = static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
    return sorted[at];
}

void FrameMeter::clear() {
    m_times.clear();
    m_next = 0;
}

bool MeasuredApplication::notify(QObject* receiver, QEvent* event) {
    if (m_depth++ == 0) {
        m_since = Clock::now();
    }
    const bool handled = QApplication::notify(receiver, event);
    if (--m_depth == 0) {
        m_busyMs += milliseconds(Clock::now() - m_since);
    }
    return handled;
}

double MeasuredApplication::takeBusyMs() {
    const auto now = Clock::now();
    double busy = std::exchange(m_busyMs, 0);
    if (m_depth > 0) {
        busy += milliseconds(now - std::exchange(m_since, now));
    }
    return busy;
}

}  // namespace kvscope::shell
