// SPDX-License-Identifier: Apache-2.0
#include "app/shell/exporter.h"

#include <QFileDialog>
#include <QImage>
#include <QMenu>
#include <QMetaObject>
#include <QPainter>
#include <QPixmap>
#include <QSvgGenerator>
#include <utility>

#include "app/plots/palette.h"
#include "app/shell/main_window.h"
#include "engine/trace/export.h"
#include "engine/trace/source.h"
#include "engine/trace/writer.h"

namespace kvscope::shell {

namespace {

constexpr int kPngScale = 2;

Result<void> writeKvtrace(const std::string& path, const trace::History& history, const std::stop_token& stop) {
    auto writer = trace::Writer::create(path, history.run());
    if (!writer) {
        return forward(writer);
    }
    for (const auto& bundle : history.bundles()) {
        if (stop.stop_requested()) {
            return fail(ErrorKind::Cancelled, path, "the export was cancelled");
        }
        if (auto pushed = (*writer)->push(bundle); !pushed) {
            return pushed;
        }
    }
    return (*writer)->close();
}

}  // namespace

Result<void> writeDrawing(const views::Drawing& drawing, const QString& path) {
    const QRect area(QPoint(0, 0), drawing.size);
    if (path.endsWith(".svg", Qt::CaseInsensitive)) {
        QSvgGenerator svg;
        svg.setFileName(path);
        svg.setSize(drawing.size);
        svg.setViewBox(area);
        svg.setTitle(drawing.name);
        QPainter painter;
        if (!painter.begin(&svg)) {
            return fail(ErrorKind::Io, path.toStdString(), "the file cannot be written");
        }
        painter.fillRect(area, plots::Colours::current().panel);
        drawing.paint(painter, area);
        return {};
    }
    QImage image(drawing.size * kPngScale, QImage::Format_ARGB32_Premultiplied);
    image.fill(plots::Colours::current().panel);
    QPainter painter(&image);
    painter.scale(kPngScale, kPngScale);
    drawing.paint(painter, area);
    painter.end();
    if (!image.save(path, "PNG")) {
        return fail(ErrorKind::Io, path.toStdString(), "the file cannot be written");
    }
    return {};
}

Exporter::Exporter(MainWindow& window, SnapshotPump& pump) : QObject(&window), m_window(window), m_pump(pump) {}

void Exporter::ask(const QString& title, const QString& name, const QString& filter,
                   const std::function<void(const QString&)>& then) {
    auto* dialog = new QFileDialog(&m_window, title, name, filter);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    connect(dialog, &QFileDialog::fileSelected, this, then);
    dialog->open();
}

void Exporter::report(const Result<void>& result, const QString& path) {
    if (!result) {
        m_window.showError(QString::fromStdString(result.error().text()) + ".");
    } else {
        m_window.statusLine().showMessage("Written: " + path, 4000);
    }
}

void Exporter::exportDrawing(views::View* view) {
    const auto drawings = view->drawings();
    auto* menu = new QMenu(&m_window);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (const auto& drawing : drawings) {
        menu->addAction(drawing.name + "…", this, [this, drawing] {
            ask("Export " + drawing.name, drawing.name + ".png", "Drawings (*.png *.svg)",
                [this, drawing](const QString& path) { report(writeDrawing(drawing, path), path); });
        });
    }
    menu->popup(QCursor::pos());
}

void Exporter::choosePlot() {
    auto* menu = new QMenu(&m_window);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (auto* dock : m_window.docks()) {
        for (const auto& drawing : dock->view().drawings()) {
            menu->addAction(drawing.name + "…", this, [this, drawing] {
                ask("Export " + drawing.name, drawing.name + ".png", "Drawings (*.png *.svg)",
                    [this, drawing](const QString& path) { report(writeDrawing(drawing, path), path); });
            });
        }
    }
    menu->popup(m_window.mapToGlobal(QPoint(120, 80)));
}

// The bundles are immutable: the thread gets a copy of the list and the window goes on.
void Exporter::write(const QString& path, const Write& write) {
    m_writer = std::jthread([this, write, path, history = m_pump.history()](const std::stop_token& stop) {
        const auto result = write(path.toStdString(), history, stop);
        QMetaObject::invokeMethod(this, [this, result, path] { report(result, path); }, Qt::QueuedConnection);
    });
}

void Exporter::exportHistory(const QString& title, const QString& suffix, const Write& write) {
    if (m_pump.snapshot().empty()) {
        m_window.showError("Nothing has run yet, so there is no trace to export.");
        return;
    }
    ask(title, "run." + suffix, QString("*.%1").arg(suffix),
        [this, write](const QString& path) { this->write(path, write); });
}

void Exporter::exportCsv() {
    if (m_pump.snapshot().empty()) {
        m_window.showError("Nothing has run yet, so there is no trace to export.");
        return;
    }
    auto* dialog = new QFileDialog(&m_window, "Folder for the CSV files");
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        write(
            path,
            [](const std::string& folder, const trace::History& history, const std::stop_token& stop) -> Result<void> {
                const auto files = trace::exportCsv(trace::HistorySource(history), folder, {.stop = stop});
                return files ? Result<void>() : forward(files);
            });
    });
    dialog->open();
}

void Exporter::exportJsonLines() {
    exportHistory("Export the trace as JSON Lines", "jsonl",
                  [](const std::string& path, const trace::History& history, const std::stop_token& stop) {
                      return trace::exportJsonLines(trace::HistorySource(history), path, {.stop = stop});
                  });
}

void Exporter::exportTrace() {
    exportHistory("Export the trace", "kvtrace", writeKvtrace);
}

void Exporter::exportWindow() {
    ask("Screenshot of the window", "kvscope.png", "PNG (*.png)", [this](const QString& path) {
        const bool saved = m_window.grab().save(path, "PNG");
        report(saved ? Result<void>() : fail(ErrorKind::Io, path.toStdString(), "the file cannot be written"), path);
    });
}

}  // namespace kvscope::shell
