// SPDX-License-Identifier: Apache-2.0
#include "app/plots/head_map.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>
#include <utility>

#include "app/models/format.h"
#include "app/plots/palette.h"

namespace kvscope::plots {

namespace {

constexpr int kLeft = 34;
constexpr int kRight = 78;
constexpr int kTop = 4;
constexpr int kBottom = 36;

}  // namespace

HeadMap::HeadMap(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName("Layer by head map");
    setAccessibleDescription("Arrow keys move the selected head");
}

void HeadMap::setGrid(models::HeadGrid grid) {
    m_grid = std::move(grid);
    update();
}

void HeadMap::setSelected(std::optional<HeadCell> cell) {
    m_selected = cell;
    update();
}

void HeadMap::setEmptyText(const QString& text) {
    m_emptyText = text;
    update();
}

QString HeadMap::valueText(const models::HeadGrid& grid, double value) {
    if (models::metricInfo(grid.metric).bytes) {
        return models::formatQuantity(value, models::Quantity::Bytes);
    }
    const QString unit = trace::unit(grid.metric);
    const QString number = trace::isPerKvHead(grid.metric) && !std::isnan(value)
                               ? models::formatInteger(static_cast<std::uint64_t>(std::max(0.0, value)))
                               : models::formatNumber(value);
    return unit.isEmpty() || std::isnan(value) ? number : number + "\u2009" + unit;
}

HeadMap::Geometry HeadMap::geometryIn(const QRect& area) const {
    Geometry g;
    const double heads = std::max(1U, m_grid.heads);
    const double layers = std::max(1U, m_grid.layers);
    const double groups = std::max(1U, m_grid.kvHeads);
    g.map = QRectF(area).adjusted(kLeft, kTop, -kRight, -kBottom);
    const bool roomy = g.map.width() / heads > 12 && g.map.height() / layers > 8;
    g.gap = roomy ? 2 : 0;
    g.groupGap = g.map.width() / heads > 5 ? 6 : 0;
    g.cellWidth = std::max(0.5, (g.map.width() - g.groupGap * (groups - 1)) / heads);
    g.cellHeight = std::max(0.5, g.map.height() / layers);
    g.bar = QRectF(g.map.right() + 12, g.map.top(), 10, g.map.height());
    return g;
}

QRectF HeadMap::cellRect(const Geometry& g, std::uint32_t layer, std::uint32_t first, std::uint32_t count) const {
    const double x = g.map.left() + first * g.cellWidth + (first / m_grid.group()) * g.groupGap;
    const double y = g.map.top() + layer * g.cellHeight;
    return QRectF(x, y, g.cellWidth * count, g.cellHeight).adjusted(g.gap / 2, g.gap / 2, -g.gap / 2, -g.gap / 2);
}

double HeadMap::share(double value) const {
    return m_grid.high > m_grid.low ? (value - m_grid.low) / (m_grid.high - m_grid.low) : 0;
}

void HeadMap::drawCell(QPainter& painter, const QRectF& rect, double value) const {
    const auto& colours = Colours::current();
    const bool known = !std::isnan(value);
    const QColor fill = known ? cividis(share(value)) : colours.raised;
    painter.setPen(Qt::NoPen);
    painter.setBrush(fill);
    const double radius = rect.height() > 14 && rect.width() > 14 ? 3 : 0;
    painter.drawRoundedRect(rect, radius, radius);
    if (known && rect.width() >= 46 && rect.height() >= 15) {
        painter.setPen(fill.lightness() < 115 ? QColor("#E6E8EC") : QColor("#14161A"));
        painter.drawText(rect, Qt::AlignCenter, valueText(m_grid, value));
    }
}

void HeadMap::drawCells(QPainter& painter, const Geometry& g) const {
    const bool perKvHead = trace::isPerKvHead(m_grid.metric);
    const std::uint32_t step = perKvHead ? m_grid.group() : 1;
    painter.setFont(numberFont(10.5));
    painter.setRenderHint(QPainter::Antialiasing, g.gap > 0);
    for (std::uint32_t layer = 0; layer < m_grid.layers; ++layer) {
        for (std::uint32_t head = 0; head < m_grid.heads; head += step) {
            drawCell(painter, cellRect(g, layer, head, step), m_grid.at(layer, head));
        }
    }
    if (m_selected && m_selected->layer < m_grid.layers && m_selected->queryHead < m_grid.heads) {
        const std::uint32_t first = perKvHead ? m_selected->queryHead / step * step : m_selected->queryHead;
        painter.setBrush(Qt::NoBrush);
        const QRectF cell = cellRect(g, m_selected->layer, first, step);
        painter.setPen(QPen(Colours::current().panel, 2));  // a gap, so that the frame shows on any colour
        painter.drawRoundedRect(cell.adjusted(1, 1, -1, -1), 3, 3);
        painter.setPen(QPen(Colours::current().text, 2));
        painter.drawRoundedRect(cell.adjusted(-1, -1, 1, 1), 3, 3);
    }
}

void HeadMap::drawLabels(QPainter& painter, const Geometry& g) const {
    const auto& colours = Colours::current();
    painter.setFont(numberFont(10.5));
    painter.setPen(colours.secondary);
    const auto everyRow = std::max(1U, static_cast<std::uint32_t>(std::ceil(14 / g.cellHeight)));
    for (std::uint32_t layer = 0; layer < m_grid.layers; layer += everyRow) {
        const QRectF row = cellRect(g, layer, 0, 1);
        painter.drawText(QRectF(g.map.left() - kLeft, row.top(), kLeft - 8, row.height()),
                         Qt::AlignRight | Qt::AlignVCenter | Qt::TextDontClip, QString("L%1").arg(layer));
    }
    const auto everyColumn = std::max(1U, static_cast<std::uint32_t>(std::ceil(26 / g.cellWidth)));
    for (std::uint32_t head = 0; head < m_grid.heads; head += everyColumn) {
        const QRectF cell = cellRect(g, 0, head, 1);
        painter.drawText(QRectF(cell.left(), g.map.bottom() + 2, cell.width(), 14),
                         Qt::AlignHCenter | Qt::AlignTop | Qt::TextDontClip, QString("q%1").arg(head));
    }
    // The groups: a bracket below the query heads of each KV head.
    const std::uint32_t group = m_grid.group();
    const double groupWidth = g.cellWidth * group;
    const auto everyGroup = std::max(1U, static_cast<std::uint32_t>(std::ceil(34 / (groupWidth + g.groupGap))));
    for (std::uint32_t kv = 0; kv < m_grid.kvHeads && g.groupGap > 0; ++kv) {
        const QRectF span = cellRect(g, 0, kv * group, group);
        const double y = g.map.bottom() + 18;
        painter.setPen(QPen(colours.secondary, 1));
        painter.drawLine(QPointF(span.left() + 1, y), QPointF(span.right() - 1, y));
        painter.drawLine(QPointF(span.left() + 1, y), QPointF(span.left() + 1, y - 3));
        painter.drawLine(QPointF(span.right() - 1, y), QPointF(span.right() - 1, y - 3));
        if (kv % everyGroup == 0) {
            painter.drawText(QRectF(span.left(), y + 1, span.width(), 14),
                             Qt::AlignHCenter | Qt::AlignTop | Qt::TextDontClip,
                             groupWidth > 60 ? QString("KV head %1").arg(kv) : QString("KV%1").arg(kv));
        }
    }
}

void HeadMap::drawBar(QPainter& painter, const Geometry& g) const {
    QLinearGradient gradient(g.bar.bottomLeft(), g.bar.topLeft());
    for (int i = 0; i <= 16; ++i) {
        gradient.setColorAt(i / 16.0, cividis(i / 16.0));
    }
    painter.setPen(Qt::NoPen);
    painter.setBrush(gradient);
    painter.drawRect(g.bar);
    painter.setFont(numberFont(10.5));
    painter.setPen(Colours::current().secondary);
    const QRectF labels(g.bar.right() + 5, g.bar.top() - 2, kRight - 28, g.bar.height() + 4);
    painter.drawText(labels, Qt::AlignTop | Qt::AlignLeft | Qt::TextDontClip, valueText(m_grid, m_grid.high));
    painter.drawText(labels, Qt::AlignBottom | Qt::AlignLeft | Qt::TextDontClip, valueText(m_grid, m_grid.low));
    if (g.bar.height() > 60) {
        painter.drawText(labels, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextDontClip,
                         valueText(m_grid, (m_grid.low + m_grid.high) / 2));
    }
}

void HeadMap::draw(QPainter& painter, const QRect& area) const {
    painter.save();
    if (m_grid.values.empty() || m_grid.layers == 0) {
        painter.setFont(wordFont(12.5));
        painter.setPen(Colours::current().secondary);
        painter.drawText(area.adjusted(24, 0, -24, 0), Qt::AlignCenter | Qt::TextWordWrap, m_emptyText);
    } else {
        const Geometry g = geometryIn(area);
        drawCells(painter, g);
        drawLabels(painter, g);
        drawBar(painter, g);
    }
    painter.restore();
}

void HeadMap::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    draw(painter, rect());
}

std::optional<HeadCell> HeadMap::cellAt(const QPoint& point) const {
    if (m_grid.values.empty()) {
        return std::nullopt;
    }
    const Geometry g = geometryIn(rect());
    if (!g.map.contains(point)) {
        return std::nullopt;
    }
    const auto layer = static_cast<std::uint32_t>((point.y() - g.map.top()) / g.cellHeight);
    for (std::uint32_t head = 0; head < m_grid.heads; ++head) {
        const QRectF cell = cellRect(g, 0, head, 1).adjusted(-g.gap, 0, g.gap, 0);
        if (point.x() >= cell.left() && point.x() < cell.right()) {
            return HeadCell{std::min(layer, m_grid.layers - 1), head};
        }
    }
    return std::nullopt;
}

void HeadMap::mousePressEvent(QMouseEvent* event) {
    if (const auto cell = cellAt(event->pos())) {
        emit cellClicked(cell->layer, cell->queryHead);
    }
}

void HeadMap::keyPressEvent(QKeyEvent* event) {
    HeadCell cell = m_selected.value_or(HeadCell{});
    if (m_grid.layers == 0 || m_grid.heads == 0) {
        return;
    }
    switch (event->key()) {
        case Qt::Key_Left:
            cell.queryHead -= cell.queryHead > 0 ? 1 : 0;
            break;
        case Qt::Key_Right:
            cell.queryHead = std::min(cell.queryHead + 1, m_grid.heads - 1);
            break;
        case Qt::Key_Up:
            cell.layer -= cell.layer > 0 ? 1 : 0;
            break;
        case Qt::Key_Down:
            cell.layer = std::min(cell.layer + 1, m_grid.layers - 1);
            break;
        default:
            QWidget::keyPressEvent(event);
            return;
    }
    emit cellClicked(cell.layer, cell.queryHead);
}

QString HeadMap::explanation(const HeadCell& cell) const {
    const auto& info = models::metricInfo(m_grid.metric);
    return QString("L%1 · q%2 → KV head %3\n%4 %5\n\n%6\n\nMeasured at step %7, position %8.")
        .arg(cell.layer)
        .arg(cell.queryHead)
        .arg(cell.queryHead / m_grid.group())
        .arg(QString::fromUtf8(info.title), valueText(m_grid, m_grid.at(cell.layer, cell.queryHead)),
             QString::fromUtf8(info.definition), models::formatInteger(m_grid.step),
             models::formatInteger(m_grid.position));
}

bool HeadMap::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        if (const auto cell = cellAt(help->pos())) {
            QToolTip::showText(help->globalPos(), explanation(*cell), this);
        } else {
            QToolTip::hideText();
        }
        return true;
    }
    return QWidget::event(event);
}

}  // namespace kvscope::plots
