// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QElapsedTimer>
#include <QMainWindow>
#include <QMenu>
#include <array>
#include <functional>
#include <vector>

#include "app/bridge/engine_thread.h"
#include "app/models/policy_model.h"
#include "app/models/selection_model.h"
#include "app/settings/settings.h"
#include "app/shell/banner.h"
#include "app/shell/dock.h"
#include "app/shell/frame_meter.h"
#include "app/shell/snapshot_pump.h"
#include "app/shell/status_line.h"
#include "app/shell/top_bar.h"
#include "app/views/view.h"

namespace kvscope::shell {

class Exporter;

/// The window: docks around the layer × head map, the run's controls, and one pull of records a frame. Owns the
/// selection and the policy being edited; the engine thread and the settings outlive it.
class MainWindow : public QMainWindow {
    Q_OBJECT
  public:
    MainWindow(bridge::EngineThread& engine, settings::Settings& settings, QWidget* parent = nullptr);
    ~MainWindow() override;
    /// Opens a model or a trace with the user's settings.
    void openFile(const QString& path);
    void openFile(const QString& path, const bridge::RunSettings& settings);
    void resetLayout();
    /// Takes the time spent on events since the last frame from here (the application); without it no frame is
    /// measured.
    void measureFrames(std::function<double()> takeBusyMs) { m_takeBusyMs = std::move(takeBusyMs); }
    [[nodiscard]] SnapshotPump& pump() { return m_pump; }
    [[nodiscard]] models::SelectionModel& selection() { return m_selection; }
    [[nodiscard]] models::PolicyModel& policy() { return m_policy; }
    [[nodiscard]] StatusLine& statusLine() { return *m_status; }
    [[nodiscard]] Banner& banner() { return *m_banner; }
    [[nodiscard]] LoadingBar& loading() { return *m_loading; }
    [[nodiscard]] FrameMeter& frames() { return m_frames; }
    [[nodiscard]] const std::vector<ViewDock*>& docks() const { return m_docks; }
    /// Applies the policy line to the running model.
    void applyPolicy();
    void showError(const QString& sentence);

  protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;

  private:
    void createActions();
    void createMenus();
    void createFileMenu();
    void createViewMenu();
    void createDocks();
    void createMessages();
    void showMessages();
    void sizeColumns();
    [[nodiscard]] std::array<QList<QDockWidget*>, 4> columns() const;
    void restoreLayout();
    void openDialog();
    void chooseRecording();
    void fillRecentFiles();
    void fillBundledModels();
    void toggleRun();
    void showRunSettings();
    void restart();
    void onRunStarted();
    void onFrame();
    void updateViews();
    void updateActions();
    QAction* addShortcut(const QString& text, const QKeySequence& keys, const QString& tip);

    bridge::EngineThread& m_engine;
    settings::Settings& m_settings;
    models::SelectionModel m_selection;
    models::PolicyModel m_policy;
    views::ViewContext m_context;
    SnapshotPump m_pump;
    FrameMeter m_frames;
    std::function<double()> m_takeBusyMs;
    std::vector<ViewDock*> m_docks;
    std::size_t m_nextDock = 0;
    RunActions m_actions;
    QAction* m_undo = nullptr;
    QAction* m_redo = nullptr;
    QAction* m_record = nullptr;
    QMenu* m_recent = nullptr;
    QMenu* m_bundled = nullptr;
    Exporter* m_exporter = nullptr;
    TopBar* m_topBar = nullptr;
    StatusLine* m_status = nullptr;
    QToolBar* m_messages = nullptr;
    Banner* m_banner = nullptr;
    LoadingBar* m_loading = nullptr;
    std::uint64_t m_errorSeen = 0;
    QElapsedTimer m_statusAge;
    bool m_defaultLayout = true;  ///< nothing was restored: the default sizes are set once the window has its size
};

}  // namespace kvscope::shell
