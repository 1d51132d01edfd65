// SPDX-License-Identifier: Apache-2.0
#include "app/plots/timeline_plot.h"

#include <qcustomplot.h>

#include <QEvent>
#include <QMouseEvent>
#include <QPicture>
#include <QSharedPointer>
#include <QVBoxLayout>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>
#include <limits>

#include "app/models/format.h"
#include "app/plots/legend_strip.h"
#include "app/plots/palette.h"

namespace kvscope::plots {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int kLeft = 70;
constexpr int kRight = 14;
constexpr int kBottom = 34;
constexpr int kEdge = 8;  // half a tick label

bool isBytes(models::Quantity quantity) {
    return quantity == models::Quantity::Bytes || quantity == models::Quantity::BytesPerToken;
}

}  // namespace

TimelinePlot::TimelinePlot(const models::TimelineModel& model, models::Panel panel, bool showsPosition, QWidget* parent)
    : QWidget(parent), m_model(model), m_panel(panel), m_cursor(kNone) {
    m_plot = new QCustomPlot(this);
    m_legend = new LegendStrip(this);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_legend);
    layout->addWidget(m_plot, 1);
    createLegend();
    createPlot(showsPosition);
    applyColours();
}

void TimelinePlot::createLegend() {
    const auto& info = models::panels().at(static_cast<std::size_t>(m_panel));
    m_quantity = info.quantity;
    m_legend->setTitle(info.title, models::unitOf(m_quantity));
    std::vector<LegendStrip::Entry> entries;
    for (const auto& series : models::seriesInfos()) {
        if (series.panel == m_panel) {
            m_infos.push_back(series);
            entries.push_back({series.title, "", series.definition, series.ink, series.dashed});
        }
    }
    m_legend->setEntries(std::move(entries));
    setAccessibleName(QString("Timeline of ") + info.title);
}

void TimelinePlot::createPlot(bool showsPosition) {
    m_plot->setNoAntialiasingOnDrag(true);
    m_plot->setMinimumHeight(28 + (showsPosition ? kBottom : 0));
    m_plot->installEventFilter(this);
    m_plot->setMouseTracking(true);
    m_plot->plotLayout()->setMargins({0, 0, 0, 0});
    auto* rect = m_plot->axisRect();
    rect->setAutoMargins(QCP::msNone);
    rect->setMargins({kLeft, kEdge, kRight, showsPosition ? kBottom : kEdge});
    m_plot->xAxis->setTickLabels(showsPosition);
    m_plot->xAxis->setTicks(showsPosition);
    m_plot->xAxis->setSubTicks(false);
    m_plot->xAxis->setNumberFormat("f");
    m_plot->xAxis->setNumberPrecision(0);
    if (showsPosition) {
        m_plot->xAxis->setLabel("position, tokens");
        m_plot->xAxis->setLabelPadding(0);
    }
    m_plot->yAxis->setTicker(QSharedPointer<QCPAxisTickerText>::create());
    m_plot->yAxis->setSubTicks(false);
    m_plot->yAxis->grid()->setVisible(true);
    for (const auto& info : m_infos) {
        (void)info;
        m_graphs.push_back(m_plot->addGraph());
        m_graphs.back()->setAdaptiveSampling(false);
        m_graphs.back()->setAntialiased(true);
    }
    m_cursorLine = new QCPItemStraightLine(m_plot);
    m_cursorLine->setVisible(false);
    m_emptyText = new QCPItemText(m_plot);
    m_emptyText->position->setType(QCPItemPosition::ptAxisRectRatio);
    m_emptyText->position->setCoords(0.5, 0.5);
    m_emptyText->setText(models::panels().at(static_cast<std::size_t>(m_panel)).empty);
}

void TimelinePlot::applyColours() {
    const Colours& colours = Colours::current();
    m_plot->setBackground(colours.panel);
    for (QCPAxis* axis : {m_plot->xAxis, m_plot->yAxis}) {
        axis->setBasePen(QPen(colours.line));
        axis->setTickPen(QPen(colours.line));
        axis->setTickLabelColor(colours.secondary);
        axis->setTickLabelFont(numberFont(10.5));
        axis->setLabelColor(colours.secondary);
        axis->setLabelFont(wordFont(11));
        axis->grid()->setPen(QPen(colours.line, 1, Qt::DotLine));
        axis->grid()->setZeroLinePen(Qt::NoPen);
    }
    m_plot->xAxis->grid()->setVisible(false);
    for (std::size_t i = 0; i < m_graphs.size(); ++i) {
        QPen pen(colours.ink(m_infos[i].ink), 1.5);
        pen.setStyle(m_infos[i].dashed ? Qt::DashLine : Qt::SolidLine);
        m_graphs[i]->setPen(pen);
    }
    m_cursorLine->setPen(QPen(colours.secondary, 1));
    m_emptyText->setColor(colours.secondary);
    m_emptyText->setFont(wordFont(11));
    refreshMarks();
}

void TimelinePlot::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange) {
        applyColours();
        m_plot->replot(QCustomPlot::rpQueuedReplot);
    }
    QWidget::changeEvent(event);
}

void TimelinePlot::refresh(double from, double to) {
    const auto columns = static_cast<std::size_t>(std::max(16, m_plot->axisRect()->width()));
    refreshScale();
    bool any = false;
    m_newestDrawn = 0;
    for (std::size_t i = 0; i < m_graphs.size(); ++i) {
        const auto samples = m_model.series(m_infos[i].id).decimate(from, to, columns);
        QVector<QCPGraphData> points;
        points.reserve(static_cast<qsizetype>(samples.size()));
        for (const auto& sample : samples) {
            points.append({sample.x, sample.y});
        }
        any = any || !samples.empty();
        if (!samples.empty()) {
            m_newestDrawn = std::max(m_newestDrawn, samples.back().x);
        }
        setStroke(i, samples);
        m_graphs[i]->data()->set(points, true);
    }
    m_emptyText->setVisible(!any);
    m_plot->xAxis->setRange(from, to);
    refreshMarks();
    refreshLegend();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

// A curve that jumps at every pixel costs most of a frame when its edges are smoothed, and shows no difference.
void TimelinePlot::setStroke(std::size_t graph, const std::vector<models::Sample>& samples) {
    double climb = 0;
    for (std::size_t i = 1; i < samples.size(); ++i) {
        climb += std::abs(samples[i].y - samples[i - 1].y);
    }
    const double pixels = m_top > 0 ? climb / m_top * m_plot->axisRect()->height() : 0;
    const bool rough = pixels > 3.0 * m_plot->axisRect()->width();
    QPen pen(Colours::current().ink(m_infos[graph].ink), rough ? 1 : 1.5);
    pen.setStyle(m_infos[graph].dashed ? Qt::DashLine : Qt::SolidLine);
    m_graphs[graph]->setPen(pen);
    m_graphs[graph]->setAntialiased(!rough);
}

void TimelinePlot::refreshScale() {
    double highest = 0;
    for (const auto& info : m_infos) {
        highest = std::max(highest, m_model.series(info.id).maximum());
    }
    const double top = models::niceCeiling(highest, isBytes(m_quantity));
    const bool roomy = m_plot->axisRect()->height() > 48;  // for a tick in the middle
    if (top == m_top && roomy == m_roomy) {
        return;
    }
    m_top = top;
    m_roomy = roomy;
    auto ticker = QSharedPointer<QCPAxisTickerText>::create();
    ticker->addTick(0, "0");
    ticker->addTick(top / 2, roomy ? models::formatTick(top / 2, m_quantity) : QString());
    ticker->addTick(top, models::formatTick(top, m_quantity));
    m_plot->yAxis->setTicker(ticker);
    m_plot->yAxis->setRange(0, top * 1.08);
}

void TimelinePlot::refreshMarks() {
    const auto marks = m_model.marks();
    while (m_marks.size() > marks.size()) {
        m_plot->removeItem(m_marks.back());
        m_marks.pop_back();
    }
    const Colours& colours = Colours::current();
    for (std::size_t i = 0; i < marks.size(); ++i) {
        if (i == m_marks.size()) {
            m_marks.push_back(new QCPItemStraightLine(m_plot));
        }
        m_marks[i]->setPen(QPen(colours.axis(marks[i].axis), 1, Qt::DashLine));
        m_marks[i]->point1->setCoords(marks[i].position, 0);
        m_marks[i]->point2->setCoords(marks[i].position, 1);
    }
}

void TimelinePlot::refreshLegend() {
    std::vector<QString> values;
    for (const auto& info : m_infos) {
        const auto& series = m_model.series(info.id);
        double value = series.empty() ? kNone : series.back().y;
        if (!std::isnan(m_cursor)) {
            value = series.valueAt(m_cursor);
        }
        values.push_back(models::formatQuantity(value, m_quantity));
    }
    m_legend->setValues(values);
}

void TimelinePlot::setCursor(double position) {
    m_cursor = position;
    m_cursorLine->setVisible(!std::isnan(position));
    if (!std::isnan(position)) {
        m_cursorLine->point1->setCoords(position, 0);
        m_cursorLine->point2->setCoords(position, 1);
    }
    refreshLegend();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void TimelinePlot::render(QPainter& painter, const QRect& area) {
    const int strip = m_legend->height();
    painter.save();
    painter.fillRect(area, Colours::current().panel);
    m_legend->draw(painter, QRect(area.left(), area.top(), area.width(), strip));
    QPicture picture;  // stays a vector drawing for SVG
    QCPPainter plotPainter(&picture);
    m_plot->toPainter(&plotPainter, area.width(), area.height() - strip);
    plotPainter.end();
    painter.drawPicture(area.left(), area.top() + strip, picture);
    painter.restore();
}

bool TimelinePlot::eventFilter(QObject* watched, QEvent* event) {
    return (watched == m_plot && onMouse(event)) || QWidget::eventFilter(watched, event);
}

bool TimelinePlot::onMouse(QEvent* event) {
    const auto toX = [this](const QPointF& at) { return m_plot->xAxis->pixelToCoord(at.x()); };
    switch (event->type()) {
        case QEvent::MouseButtonPress: {
            m_dragFrom = toX(static_cast<QMouseEvent*>(event)->position());
            m_dragged = false;
            return false;
        }
        case QEvent::MouseMove: {
            const auto* mouse = static_cast<QMouseEvent*>(event);
            const double x = toX(mouse->position());
            const double dx = std::abs(m_plot->xAxis->coordToPixel(x) - m_plot->xAxis->coordToPixel(m_dragFrom));
            if ((mouse->buttons() & Qt::LeftButton) != 0 && (m_dragged || dx > 4)) {
                m_dragged = true;
                emit panRequested(m_dragFrom - x);
            } else {
                emit hovered(x);
            }
            return false;
        }
        case QEvent::MouseButtonRelease:
            if (!m_dragged) {
                emit clicked(toX(static_cast<QMouseEvent*>(event)->position()));
            }
            return false;
        case QEvent::MouseButtonDblClick:
            emit resetRequested();
            return false;
        case QEvent::Wheel: {
            const auto* wheel = static_cast<QWheelEvent*>(event);
            emit zoomRequested(toX(wheel->position()), wheel->angleDelta().y() > 0 ? 0.8 : 1.25);
            event->accept();
            return true;
        }
        case QEvent::Leave:
            emit hovered(kNone);
            return false;
        default:
            return false;
    }
}

}  // namespace kvscope::plots
