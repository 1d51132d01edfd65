// SPDX-License-Identifier: Apache-2.0
#include "app/shell/scripted_run.h"

#include <QCoreApplication>
#include <QPixmap>
#include <QTextStream>

#include "engine/base/error.h"

namespace kvscope::shell {

namespace {
constexpr std::uint64_t kSettledFrames = 40;  // until every view has drawn the newest step
}

ScriptedRun::ScriptedRun(const Options& options, MainWindow& window)
    : QObject(&window), m_options(options), m_window(window) {
    connect(&window.pump(), &SnapshotPump::pulled, this, &ScriptedRun::check);
}

void ScriptedRun::check() {
    const auto& status = m_window.pump().status();
    if (m_ended) {
        return;
    }
    if (status.error) {
        QTextStream(stderr) << "kvscope: " << QString::fromStdString(status.error->text()) << "\n";
        end(exitCode(status.error->kind));
        return;
    }
    const bool done = status.state == bridge::RunState::Finished && !m_window.pump().snapshot().empty();
    m_quietFrames = done ? m_quietFrames + 1 : 0;
    if (m_quietFrames >= kSettledFrames) {
        end(0);
    }
}

void ScriptedRun::end(int code) {
    m_ended = true;
    if (!m_options.screenshot.isEmpty() && !m_window.grab().save(m_options.screenshot)) {
        QTextStream(stderr) << "kvscope: " << m_options.screenshot << ": the screenshot cannot be written\n";
        code = code == 0 ? 1 : code;
    }
    if (m_options.quit) {
        QCoreApplication::exit(code);
    }
}

}  // namespace kvscope::shell
