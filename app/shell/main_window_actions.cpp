// SPDX-License-Identifier: Apache-2.0
#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenuBar>
#include <QMessageBox>

#include "app/shell/exporter.h"
#include "app/shell/main_window.h"
#include "app/shell/run_panel.h"
#include "app/shell/run_settings.h"
#include "app/shell/theme.h"

namespace kvscope::shell {

QAction* MainWindow::addShortcut(const QString& text, const QKeySequence& keys, const QString& tip) {
    auto* action = new QAction(text, this);
    action->setShortcut(keys);
    action->setToolTip(tip + (keys.isEmpty() ? QString() : " (" + keys.toString(QKeySequence::NativeText) + ")"));
    action->setStatusTip(tip);
    addAction(action);
    return action;
}

void MainWindow::createActions() {
    m_actions.open = addShortcut("Open…", QKeySequence::Open, "Opens a model (.gguf) or a recorded trace (.kvtrace)");
    m_actions.run = addShortcut("Pause", QKeySequence("Ctrl+P"), "Pauses or goes on with the run");
    m_actions.step = addShortcut("Step", QKeySequence("F10"), "Pauses and does one step");
    m_actions.reset = addShortcut("Reset", QKeySequence("Ctrl+R"), "Starts the run again from the prompt");
    m_actions.settings = addShortcut("Prompt…", QKeySequence("Ctrl+E"), "Prompt, sampling and probes of the next run");
    m_undo = addShortcut("Undo selection", QKeySequence("Alt+Left"), "Back to what was selected before");
    m_redo = addShortcut("Redo selection", QKeySequence("Alt+Right"), "Forward again");
    m_record = addShortcut("Record to file…", QKeySequence("Ctrl+Shift+R"), "Records the run to a .kvtrace file");
    connect(m_actions.open, &QAction::triggered, this, &MainWindow::openDialog);
    connect(m_actions.run, &QAction::triggered, this, &MainWindow::toggleRun);
    connect(m_actions.step, &QAction::triggered, this, [this] { m_engine.step(); });
    connect(m_actions.reset, &QAction::triggered, this, &MainWindow::restart);
    connect(m_actions.settings, &QAction::triggered, this, &MainWindow::showRunSettings);
    connect(m_undo, &QAction::triggered, &m_selection, &models::SelectionModel::undo);
    connect(m_redo, &QAction::triggered, &m_selection, &models::SelectionModel::redo);
    connect(m_record, &QAction::triggered, this, &MainWindow::chooseRecording);
}

void MainWindow::createMenus() {
    createFileMenu();
    auto* run = menuBar()->addMenu("&Run");
    run->addActions({m_actions.run, m_actions.step, m_actions.reset});
    run->addSeparator();
    auto* apply = addShortcut("Apply policy", QKeySequence("Ctrl+Return"), "Switches the running model to the policy");
    connect(apply, &QAction::triggered, this, &MainWindow::applyPolicy);
    run->addActions({apply, m_actions.settings});
    auto* select = menuBar()->addMenu("&Select");
    select->addActions({m_undo, m_redo});
    auto* live = addShortcut("Newest step", QKeySequence("Alt+End"), "All views follow the newest step again");
    connect(live, &QAction::triggered, this, [this] { m_selection.selectStep({}); });
    select->addAction(live);
    createViewMenu();
    auto* help = menuBar()->addMenu("&Help");
    help->addAction("About KVScope", this, [this] {
        auto* box =
            new QMessageBox(QMessageBox::NoIcon, "About KVScope",
                            "KVScope " + QApplication::applicationVersion() +
                                "\n\nA profiler of key–value caches of language models.\n\nSources: Apache-2.0. "
                                "This program links QCustomPlot (GPL-3.0) and is distributed under "
                                "GPL-3.0-or-later.",
                            QMessageBox::Close, this);
        box->setAttribute(Qt::WA_DeleteOnClose);
        box->open();
    });
}

void MainWindow::createFileMenu() {
    auto* file = menuBar()->addMenu("&File");
    file->addAction(m_actions.open);
    m_recent = file->addMenu("Open recent");
    connect(m_recent, &QMenu::aboutToShow, this, &MainWindow::fillRecentFiles);
    auto* bundled =
        addShortcut("Open bundled model", QKeySequence("Ctrl+B"), "Opens the model that comes with KVScope");
    connect(bundled, &QAction::triggered, this, [this] {
        const QString path = findBundledModel();
        path.isEmpty() ? showError("The bundled model was not found; set KVSCOPE_RESOURCE_DIR to its folder.")
                       : openFile(path);
    });
    file->addAction(bundled);
    m_bundled = file->addMenu("Bundled models");
    m_bundled->setObjectName("bundledModels");
    connect(m_bundled, &QMenu::aboutToShow, this, &MainWindow::fillBundledModels);
    file->addSeparator();
    file->addAction(m_record);
    auto* exports = file->addMenu("Export");
    struct Line {
        const char* text;
        const char* keys;
        void (Exporter::*slot)();
    };
    for (const Line& line :
         {Line{"Plot as PNG or SVG…", "Ctrl+Shift+E", &Exporter::choosePlot},
          Line{"Trace as CSV…", "", &Exporter::exportCsv}, Line{"Trace as JSON Lines…", "", &Exporter::exportJsonLines},
          Line{"Trace as .kvtrace…", "Ctrl+S", &Exporter::exportTrace},
          Line{"Screenshot of the window…", "Ctrl+Shift+S", &Exporter::exportWindow}}) {
        auto* action = addShortcut(line.text, QKeySequence(line.keys), "Writes what is shown to a file");
        connect(action, &QAction::triggered, m_exporter, line.slot);
        exports->addAction(action);
    }
    file->addSeparator();
    auto* quit = addShortcut("Quit", QKeySequence::Quit, "Ends the program");
    connect(quit, &QAction::triggered, this, &QWidget::close);
    file->addAction(quit);
}

void MainWindow::createViewMenu() {
    auto* view = menuBar()->addMenu("&View");
    for (auto* dock : m_docks) {
        view->addAction(dock->toggleViewAction());
        addAction(dock->toggleViewAction());
    }
    view->addSeparator();
    auto* themes = new QActionGroup(this);
    for (const char* name : {"system", "dark", "light"}) {
        auto* action = view->addAction(QString(name) == "system" ? "System theme" : QString("%1 theme").arg(name));
        action->setCheckable(true);
        action->setChecked(m_settings.value(settings::Key::Theme).toString() == name);
        themes->addAction(action);
        connect(action, &QAction::triggered, this, [this, name] {
            m_settings.set(settings::Key::Theme, QString(name));
            applyTheme(themeFromName(name));
        });
    }
    view->addSeparator();
    auto* layout = addShortcut("Reset layout", QKeySequence("Ctrl+0"), "Puts all panels where they were at first");
    connect(layout, &QAction::triggered, this, &MainWindow::resetLayout);
    view->addAction(layout);
}

void MainWindow::openDialog() {
    auto* dialog = new QFileDialog(this, "Open a model or a trace", QString(),
                                   "Models and traces (*.gguf *.kvtrace);;All files (*)");
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, qOverload<const QString&>(&MainWindow::openFile));
    dialog->open();
}

void MainWindow::chooseRecording() {
    if (!m_pump.status().recordingTo.empty()) {
        m_engine.record({});
        return;
    }
    auto* dialog = new QFileDialog(this, "Record the run", "run.kvtrace", "Traces (*.kvtrace)");
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix("kvtrace");
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString& path) { m_engine.record(path.toStdString()); });
    dialog->open();
}

void MainWindow::fillRecentFiles() {
    m_recent->clear();
    for (const QString& path : m_settings.recentFiles()) {
        m_recent->addAction(QFileInfo(path).fileName() + "\t" + QFileInfo(path).path(), this,
                            [this, path] { openFile(path); });
    }
    if (m_recent->isEmpty()) {
        m_recent->addAction("Nothing was opened yet")->setEnabled(false);
    }
}

void MainWindow::fillBundledModels() {
    m_bundled->clear();
    for (const QString& path : bundledModels()) {
        m_bundled->addAction(QFileInfo(path).fileName(), this, [this, path] { openFile(path); });
    }
    if (m_bundled->isEmpty()) {
        m_bundled->addAction("None found; set KVSCOPE_RESOURCE_DIR to their folder")->setEnabled(false);
    }
}

void MainWindow::toggleRun() {
    const bool running = m_pump.status().state == bridge::RunState::Running;
    if (m_pump.status().state == bridge::RunState::Finished) {
        restart();
    } else {
        m_engine.setRunning(!running);
    }
}

void MainWindow::restart() {
    bridge::RunSettings settings = runSettings(m_settings);
    if (m_policy.policy() && m_policy.problem().isEmpty()) {
        settings.policy = m_policy.text().toStdString();
    }
    m_engine.reset(settings);
}

void MainWindow::showRunSettings() {
    auto* panel = new RunPanel(m_settings, this);
    panel->setAttribute(Qt::WA_DeleteOnClose);
    connect(panel, &RunPanel::restartRequested, this, &MainWindow::restart);
    connect(panel, &RunPanel::errorEveryChanged, this, [this](unsigned every) { m_engine.setErrorEvery(every); });
    panel->open();
}

void MainWindow::updateActions() {
    using bridge::RunState;
    const auto& status = m_pump.status();
    const bool live = !status.recorded && status.state != RunState::Empty && status.state != RunState::Loading;
    m_actions.run->setText(status.state == RunState::Running && live ? "Pause" : "Run");
    m_actions.run->setEnabled(live);
    m_actions.step->setEnabled(live && status.state != RunState::Finished);
    m_actions.reset->setEnabled(live);
    m_record->setEnabled(live);
    m_record->setText(status.recordingTo.empty() ? "Record to file…" : "Stop recording");
    m_undo->setEnabled(m_selection.canUndo());
    m_redo->setEnabled(m_selection.canRedo());
}

}  // namespace kvscope::shell
