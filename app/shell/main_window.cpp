// SPDX-License-Identifier: Apache-2.0
#include "app/shell/main_window.h"

#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QFileInfo>
#include <QMimeData>
#include <QTimer>
#include <QToolBar>
#include <QUrl>
#include <QVBoxLayout>
#include <algorithm>

#include "app/shell/exporter.h"
#include "app/shell/run_settings.h"

namespace kvscope::shell {

namespace {

constexpr int kLayoutVersion = 1;
constexpr qint64 kStatusIntervalMs = 90;  // figures that change faster cannot be read

QString droppedFile(const QMimeData* mime) {
    for (const QUrl& url : mime->urls()) {
        const QString path = url.toLocalFile();
        if (path.endsWith(".gguf", Qt::CaseInsensitive) || path.endsWith(".kvtrace", Qt::CaseInsensitive)) {
            return path;
        }
    }
    return {};
}

}  // namespace

MainWindow::MainWindow(bridge::EngineThread& engine, settings::Settings& settings, QWidget* parent)
    : QMainWindow(parent),
      m_engine(engine),
      m_settings(settings),
      m_context{engine, m_selection, m_policy, settings},
      m_pump(engine) {
    setWindowTitle("KVScope");
    setAcceptDrops(true);
    setDockNestingEnabled(true);
    setDockOptions(AnimatedDocks | AllowNestedDocks | AllowTabbedDocks);
    setContentsMargins(8, 0, 8, 0);
    m_exporter = new Exporter(*this, m_pump);
    m_policy.setText(settings.value(settings::Key::Policy).toString());
    createActions();
    m_topBar = new TopBar(m_actions, m_policy, this);
    addToolBar(Qt::TopToolBarArea, m_topBar);
    createMessages();
    m_status = new StatusLine(this);
    setStatusBar(m_status);
    createDocks();
    createMenus();
    m_topBar->setSpeed(settings.value(settings::Key::Speed).toDouble());
    m_topBar->setContextLength(settings.value(settings::Key::ContextLength).toUInt());
    m_engine.setSpeed(settings.value(settings::Key::Speed).toDouble());
    connect(m_topBar, &TopBar::applyRequested, this, &MainWindow::applyPolicy);
    connect(m_topBar, &TopBar::speedChanged, this, [this](double speed) {
        m_settings.set(settings::Key::Speed, speed);
        m_engine.setSpeed(speed);
    });
    connect(m_topBar, &TopBar::contextLengthChanged, this,
            [this](std::uint32_t rows) { m_settings.set(settings::Key::ContextLength, rows); });
    connect(&m_selection, &models::SelectionModel::changed, this, [this](const models::Selection& selection) {
        for (auto* dock : m_docks) {
            dock->view().onSelection(selection);
        }
        updateActions();
    });
    connect(&m_pump, &SnapshotPump::runStarted, this, &MainWindow::onRunStarted);
    connect(&m_pump, &SnapshotPump::pulled, this, &MainWindow::onFrame);
    restoreLayout();
    m_pump.start();
}

// The widgets refer to the models, which are members: they go first.
MainWindow::~MainWindow() {
    qDeleteAll(findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly));
}

void MainWindow::createMessages() {
    auto* bar = m_messages = new QToolBar("Messages", this);
    bar->setObjectName("messages");
    bar->setMovable(false);
    bar->setContextMenuPolicy(Qt::PreventContextMenu);
    auto* box = new QWidget(bar);
    box->setObjectName("plain");
    box->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    auto* layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    m_banner = new Banner(box);
    m_loading = new LoadingBar(box);
    layout->addWidget(m_banner);
    layout->addWidget(m_loading);
    bar->addWidget(box);
    addToolBarBreak();
    addToolBar(Qt::TopToolBarArea, bar);
    bar->hide();
    connect(m_banner, &Banner::dismissed, this, &MainWindow::showMessages);
    connect(m_loading, &LoadingBar::cancelRequested, this, [this] { m_engine.cancelOpen(); });
}

// The bar takes no room while there is nothing to say.
void MainWindow::showMessages() {
    m_messages->setVisible(!m_banner->isHidden() || !m_loading->isHidden());
}

void MainWindow::createDocks() {
    setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea);
    setCorner(Qt::BottomRightCorner, Qt::BottomDockWidgetArea);
    for (const auto& factory : views::viewFactories()) {
        auto* dock = new ViewDock(factory, m_context, this);
        dock->toggleViewAction()->setShortcut(QKeySequence(factory.shortcut));
        connect(dock, &ViewDock::exportRequested, m_exporter, &Exporter::exportDrawing);
        m_docks.push_back(dock);
    }
    resetLayout();
}

// The docks by area: left, middle, right, bottom.
std::array<QList<QDockWidget*>, 4> MainWindow::columns() const {
    std::array<QList<QDockWidget*>, 4> columns;
    const auto factories = views::viewFactories();
    for (std::size_t i = 0; i < m_docks.size(); ++i) {
        columns.at(static_cast<std::size_t>(factories[i].area)).append(m_docks[i]);
    }
    return columns;
}

// Left, middle and right column side by side, each split from the top down; the bottom row across all.
void MainWindow::resetLayout() {
    for (auto* dock : m_docks) {
        removeDockWidget(dock);
    }
    const auto all = columns();
    QDockWidget* last = nullptr;
    for (std::size_t column = 0; column < 3; ++column) {
        QDockWidget* front = all.at(column).value(0);
        if (front == nullptr) {
            continue;
        }
        if (last == nullptr) {
            addDockWidget(Qt::LeftDockWidgetArea, front);
        } else {
            splitDockWidget(last, front, Qt::Horizontal);
        }
        last = front;
    }
    for (std::size_t column = 0; column < 3; ++column) {
        for (qsizetype row = 1; row < all.at(column).size(); ++row) {
            splitDockWidget(all.at(column)[row - 1], all.at(column)[row], Qt::Vertical);
        }
    }
    for (auto* dock : all[3]) {
        addDockWidget(Qt::BottomDockWidgetArea, dock);
    }
    for (auto* dock : m_docks) {
        dock->setFloating(false);
        dock->show();
    }
    sizeColumns();
}

void MainWindow::sizeColumns() {
    constexpr std::array<int, 3> kWidths{285, 590, 690};
    constexpr std::array<std::array<int, 2>, 3> kHeights{{{275, 440}, {325, 440}, {400, 320}}};
    constexpr int kBottom = 150;
    const auto all = columns();
    QList<QDockWidget*> fronts;
    QList<int> widths;
    for (std::size_t column = 0; column < 3; ++column) {
        if (!all.at(column).isEmpty()) {
            fronts.append(all.at(column).front());
            widths.append(width() * kWidths.at(column) / 1600);
        }
    }
    resizeDocks(fronts, widths, Qt::Horizontal);
    if (!all[3].isEmpty()) {
        resizeDocks({all[3].front()}, {std::max(100, height() * kBottom / 1000)}, Qt::Vertical);
    }
    for (std::size_t column = 0; column < 3; ++column) {
        if (all.at(column).size() == 2) {
            const auto& heights = kHeights.at(column);
            resizeDocks(all.at(column), {heights[0] * height() / 1000, heights[1] * height() / 1000}, Qt::Vertical);
        }
    }
}

void MainWindow::showEvent(QShowEvent* event) {
    QMainWindow::showEvent(event);
    if (m_defaultLayout) {
        m_defaultLayout = false;
        QTimer::singleShot(0, this, &MainWindow::sizeColumns);
    }
}

void MainWindow::restoreLayout() {
    resize(1600, 1000);
    restoreGeometry(m_settings.layout("geometry"));
    resetLayout();
    m_defaultLayout = !restoreState(m_settings.layout("docks"), kLayoutVersion);
}

void MainWindow::closeEvent(QCloseEvent* event) {
    m_settings.setLayout("geometry", saveGeometry());
    m_settings.setLayout("docks", saveState(kLayoutVersion));
    QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (!droppedFile(event->mimeData()).isEmpty()) {
        event->acceptProposedAction();
    }
}

void MainWindow::dropEvent(QDropEvent* event) {
    const QString path = droppedFile(event->mimeData());
    if (!path.isEmpty()) {
        event->acceptProposedAction();
        openFile(path);
    }
}

void MainWindow::changeEvent(QEvent* event) {
    QMainWindow::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        update();
    }
}

void MainWindow::openFile(const QString& path) {
    bridge::RunSettings settings = runSettings(m_settings);
    if (m_policy.policy()) {
        settings.policy = m_policy.text().toStdString();
    }
    openFile(path, settings);
}

void MainWindow::openFile(const QString& path, const bridge::RunSettings& settings) {
    m_banner->hide();
    m_loading->showProgress("Opening " + QFileInfo(path).fileName(), -1);
    showMessages();
    m_engine.open(path.toStdString(), settings);
}

void MainWindow::applyPolicy() {
    if (!m_policy.policy() || !m_policy.problem().isEmpty()) {
        return;
    }
    const QString text = QString::fromStdString(m_policy.policy()->toText());
    m_settings.set(settings::Key::Policy, text);
    m_engine.setPolicy(text.toStdString());
}

void MainWindow::showError(const QString& sentence) {
    m_banner->showSentence(sentence);
}

void MainWindow::onRunStarted() {
    const auto& run = m_pump.history().run();
    m_selection.startRun(m_pump.snapshot().generation);
    m_policy.setShape(
        cache::ModelShape{run.architecture, run.nLayers, run.nHeads, run.nKvHeads, run.headDim, run.trainedContext});
    const QString name = QFileInfo(QString::fromStdString(m_pump.status().path)).fileName();
    setWindowTitle((name.isEmpty() ? QString::fromStdString(run.modelName) : name) + " – KVScope");
    if (!m_pump.status().path.empty()) {
        m_settings.addRecentFile(QString::fromStdString(m_pump.status().path));
    }
    if (m_selection.current().layer < 0 && run.nLayers > 0) {
        m_selection.selectHead(0, 0, 0);
    }
    if (m_pump.status().recorded) {
        m_policy.setText(QString::fromStdString(run.policyEffective));
    }
}

void MainWindow::onFrame() {
    if (m_takeBusyMs) {
        m_frames.add(m_takeBusyMs());
    }
    const auto& status = m_pump.status();
    if (status.errorSerial != m_errorSeen && status.error) {
        m_errorSeen = status.errorSerial;
        showError(QString::fromStdString(status.error->text()) + ".");
    }
    if (status.state == bridge::RunState::Loading) {
        m_loading->showProgress(QString::fromStdString(status.activity), static_cast<double>(status.progress));
    } else if (!m_loading->isHidden()) {
        m_loading->hide();
        showMessages();
    }
    updateViews();
    if (!m_statusAge.isValid() || m_statusAge.elapsed() >= kStatusIntervalMs) {
        m_statusAge.start();
        m_status->refresh(m_pump.snapshot(), status, m_frames);
        m_topBar->showStatus(status);
        updateActions();
    }
}

// Painting is what costs: each frame updates the views that ask for it (a part of the timelines) and one other that can
// be seen, in turn, so that no frame paints everything.
void MainWindow::updateViews() {
    bool turnTaken = false;
    const std::size_t first = m_nextDock;
    for (std::size_t i = 0; i < m_docks.size(); ++i) {
        const std::size_t at = (first + i) % m_docks.size();
        auto& view = m_docks[at]->view();
        if (!m_docks[at]->isSeen() || (turnTaken && !view.wantsEveryFrame())) {
            continue;
        }
        if (!view.wantsEveryFrame()) {
            turnTaken = true;
            m_nextDock = (at + 1) % m_docks.size();
        }
        view.onSnapshot(m_pump.snapshot(), m_pump.status());
    }
}

}  // namespace kvscope::shell
