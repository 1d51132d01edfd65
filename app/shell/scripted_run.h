// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QSize>
#include <QString>
#include <utility>
#include <vector>

#include "app/shell/main_window.h"

namespace kvscope::shell {

/// What the command line asks for.
struct Options {
    QString file;  ///< model or trace; empty = the bundled model
    QString policy;
    QString prompt;
    QString theme;
    QString record;
    QString screenshot;
    QString metric;
    QSize size;
    std::uint64_t steps = 0;
    int errorEvery = -1;  ///< negative = as set
    int exactLane = -1;   ///< 0, 1; negative = as set
    double speed = -1;    ///< negative = as set
    std::uint32_t contextLength = 0;
    std::vector<std::pair<std::uint64_t, std::string>> policyAt;
    bool quit = false;
    /// A run by script: settings in memory, nothing remembered.
    [[nodiscard]] bool scripted() const { return quit || steps > 0 || !screenshot.isEmpty(); }
};

/// Waits until a run by script is done, takes the screenshot and ends the program with an exit code.
class ScriptedRun : public QObject {
    Q_OBJECT
  public:
    ScriptedRun(const Options& options, MainWindow& window);

  private:
    void check();
    void end(int exitCode);

    Options m_options;
    MainWindow& m_window;
    std::uint64_t m_quietFrames = 0;
    bool m_ended = false;
};

}  // namespace kvscope::shell
