// SPDX-License-Identifier: Apache-2.0
#include "app/shell/status_line.h"

#include <QFileInfo>
#include <QStringList>
#include <cmath>

#include "app/models/format.h"
#include "app/models/timeline_model.h"
#include "app/plots/palette.h"
#include "engine/base/units.h"

namespace kvscope::shell {

namespace {

constexpr std::size_t kSpeedSteps = 16;

QString stateName(const bridge::EngineStatus& status) {
    using bridge::RunState;
    switch (status.state) {
        case RunState::Empty:
            return "no model";
        case RunState::Loading:
            return "loading";
        case RunState::Paused:
            return "paused";
        case RunState::Running:
            return status.recorded ? "reading trace" : "running";
        case RunState::Finished:
            return status.recorded ? "recorded trace" : "finished";
    }
    return {};
}

}  // namespace

StatusLine::StatusLine(QWidget* parent) : QStatusBar(parent) {
    setSizeGripEnabled(false);
    m_left = new QLabel(this);
    m_right = new QLabel(this);
    for (QLabel* label : {m_left, m_right}) {
        label->setObjectName("secondary");
        label->setFont(plots::wordFont(11.5));
        label->setContentsMargins(8, 2, 8, 4);
    }
    m_left->setAccessibleName("Run status");
    m_left->setToolTip(
        "tokens/s: tokens of a decode step / its wall time, median of the last 16 such steps without error probe.\n"
        "step: wall time of the newest step.");
    m_right->setAccessibleName("Window status");
    m_right->setToolTip(
        "frame: time the window's thread spent between two pulls of records, 99th percentile of the last 2,000.\n"
        "dropped: records the window was too late for.");
    addWidget(m_left, 1);
    addPermanentWidget(m_right);
}

double StatusLine::speed(const models::Snapshot& snapshot) {
    const auto news = m_cursor.advance(snapshot, 4096);
    if (news.restarted) {
        m_speeds.clear();
    }
    for (const auto& bundle : news.bundles) {
        const auto& step = bundle->step;
        if (step.phase == trace::Phase::Decode && !step.instrumented && step.hostNs > 0) {
            m_speeds.push_back(static_cast<double>(step.tokens) / (static_cast<double>(step.hostNs) * 1e-9));
            if (m_speeds.size() > kSpeedSteps) {
                m_speeds.pop_front();
            }
        }
    }
    return models::median(m_speeds);
}

void StatusLine::refresh(const models::Snapshot& snapshot, const bridge::EngineStatus& status,
                         const FrameMeter& frames) {
    const double tokensPerSecond = speed(snapshot);
    QStringList left{stateName(status)};
    if (status.state == bridge::RunState::Finished && !status.activity.empty()) {
        left.append(QString::fromStdString(status.activity));
    }
    if (const auto* bundle = snapshot.newest()) {
        m_step = bundle->step.step;
        const auto& run = snapshot.history->run();
        left.append(QString::fromStdString(run.deviceName) + (run.deviceIsCpu ? " (CPU implementation)" : ""));
        left.append(QString("step %1 · position %2")
                        .arg(models::formatInteger(m_step), models::formatInteger(bundle->step.position)));
        if (!std::isnan(tokensPerSecond)) {
            left.append(models::formatNumber(tokensPerSecond) + "\u2009tokens/s");
        }
        left.append("step time " + QString::fromStdString(formatNanoseconds(static_cast<double>(bundle->step.hostNs))) +
                    (bundle->step.instrumented ? " (instrumented)" : ""));
    }
    m_left->setText(left.join(" · "));
    QStringList right{QString("frame p99 %1\u2009ms").arg(models::formatNumber(frames.quantile(0.99))),
                      QString("%1 records dropped").arg(snapshot.dropped)};
    if (!status.recordingTo.empty()) {
        right.append("recording " + QFileInfo(QString::fromStdString(status.recordingTo)).fileName());
    } else if (status.recorded) {
        right.append("trace " + QFileInfo(QString::fromStdString(status.path)).fileName());
    } else {
        right.append("no trace file");
    }
    m_right->setText(right.join(" · "));
}

}  // namespace kvscope::shell
