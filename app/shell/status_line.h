// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLabel>
#include <QStatusBar>
#include <deque>

#include "app/bridge/engine_status.h"
#include "app/models/snapshot.h"
#include "app/shell/frame_meter.h"

namespace kvscope::shell {

/// The status bar: what runs, on which device, how fast; frame time, dropped records, trace file. Every figure is that
/// of the newest step shown.
class StatusLine : public QStatusBar {
    Q_OBJECT
  public:
    explicit StatusLine(QWidget* parent = nullptr);
    void refresh(const models::Snapshot& snapshot, const bridge::EngineStatus& status, const FrameMeter& frames);
    [[nodiscard]] QString leftText() const { return m_left->text(); }
    [[nodiscard]] QString rightText() const { return m_right->text(); }
    /// Step whose figures are shown.
    [[nodiscard]] std::uint64_t shownStep() const { return m_step; }

  private:
    [[nodiscard]] double speed(const models::Snapshot& snapshot);

    QLabel* m_left = nullptr;
    QLabel* m_right = nullptr;
    models::HistoryCursor m_cursor;
    std::deque<double> m_speeds;
    std::uint64_t m_step = 0;
};

}  // namespace kvscope::shell
