// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QTimer>

#include "app/bridge/engine_thread.h"
#include "app/models/snapshot.h"

namespace kvscope::shell {

/// Pulls from the engine thread at most 60 times a second and keeps the run's history. GUI thread.
class SnapshotPump : public QObject {
    Q_OBJECT
  public:
    explicit SnapshotPump(bridge::EngineThread& engine, QObject* parent = nullptr);
    void start() { m_timer.start(); }
    [[nodiscard]] const models::Snapshot& snapshot() const { return m_snapshot; }
    [[nodiscard]] const bridge::EngineStatus& status() const { return m_status; }
    [[nodiscard]] const trace::History& history() const { return m_history; }

  public slots:
    void pull();

  signals:
    /// Another run began.
    void runStarted();
    /// Once a frame.
    void pulled();

  private:
    static constexpr int kIntervalMs = 17;  // at most 60 Hz
    bridge::EngineThread& m_engine;
    QTimer m_timer;
    trace::History m_history;
    models::Snapshot m_snapshot;
    bridge::EngineStatus m_status;
};

}  // namespace kvscope::shell
