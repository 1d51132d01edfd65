// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "app/shell/snapshot_pump.h"
#include "app/views/view.h"
#include "engine/base/error.h"

namespace kvscope::shell {

class MainWindow;

/// Writes a drawing (the ending .svg or .png decides) at 2 pixels a point for PNG.
[[nodiscard]] Result<void> writeDrawing(const views::Drawing& drawing, const QString& path);

/// Exports of the window: plots, trace, screenshot. Files are written on a thread of their own where they may be long.
class Exporter : public QObject {
    Q_OBJECT
  public:
    Exporter(MainWindow& window, SnapshotPump& pump);

  public slots:
    void choosePlot();
    void exportDrawing(kvscope::views::View* view);
    void exportCsv();
    void exportJsonLines();
    void exportTrace();
    void exportWindow();

  private:
    using Write = std::function<Result<void>(const std::string& path, const trace::History& history,
                                             const std::stop_token& stop)>;
    void ask(const QString& title, const QString& name, const QString& filter,
             const std::function<void(const QString&)>& then);
    void exportHistory(const QString& title, const QString& suffix, const Write& write);
    void write(const QString& path, const Write& write);
    void report(const Result<void>& result, const QString& path);

    MainWindow& m_window;
    SnapshotPump& m_pump;
    std::jthread m_writer;
};

}  // namespace kvscope::shell
