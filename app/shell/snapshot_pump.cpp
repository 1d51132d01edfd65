// SPDX-License-Identifier: Apache-2.0
#include "app/shell/snapshot_pump.h"

#include <utility>

namespace kvscope::shell {

SnapshotPump::SnapshotPump(bridge::EngineThread& engine, QObject* parent) : QObject(parent), m_engine(engine) {
    m_timer.setTimerType(Qt::PreciseTimer);
    m_timer.setInterval(kIntervalMs);
    connect(&m_timer, &QTimer::timeout, this, &SnapshotPump::pull);
}

void SnapshotPump::pull() {
    auto delivery = m_engine.take();
    m_status = std::move(delivery.status);
    const bool another = delivery.feed && delivery.feed->generation != m_snapshot.generation;
    if (another) {
        m_history = trace::History(delivery.feed->run);
        m_snapshot.generation = delivery.feed->generation;
        m_snapshot.history = &m_history;
    }
    m_snapshot.dropped = delivery.dropped;
    for (auto& bundle : delivery.bundles) {
        m_history.append(std::move(bundle));
    }
    if (another) {
        emit runStarted();
    }
    emit pulled();
}

}  // namespace kvscope::shell
