// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QApplication>
#include <chrono>
#include <cstddef>
#include <vector>

namespace kvscope::shell {

/// Frame times of the GUI thread: the time it spent on events (pulling records, updating views, painting, input)
/// between two pulls. Keeps the newest 2,000.
class FrameMeter {
  public:
    void add(double milliseconds);
    [[nodiscard]] std::size_t count() const { return m_times.size(); }
    /// The p-quantile (0.99) of the kept frames, ms; 0 when there are none.
    [[nodiscard]] double quantile(double p) const;
    void clear();

  private:
    static constexpr std::size_t kKept = 2000;
    std::vector<double> m_times;
    std::size_t m_next = 0;
};

/// The application, which adds up how long its events take, painting included.
class MeasuredApplication : public QApplication {
    Q_OBJECT
  public:
    using QApplication::QApplication;
    bool notify(QObject* receiver, QEvent* event) override;
    /// Milliseconds spent on events since the last call (the event that runs now counts up to now).
    [[nodiscard]] double takeBusyMs();

  private:
    using Clock = std::chrono::steady_clock;
    int m_depth = 0;
    Clock::time_point m_since;
    double m_busyMs = 0;
};

}  // namespace kvscope::shell
