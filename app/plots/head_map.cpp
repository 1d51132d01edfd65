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
#include "app/models/layer_words.h"
#include "app/plots/palette.h"
#include "app/plots/structure_column.h"

namespace kvscope::plots {

namespace {

constexpr int kLeft = 34;
constexpr int kRight = 92;
constexpr int kTop = 4;
constexpr int kBottom = 36;
constexpr int kLegend = 18;
constexpr int kStrip = 26;
constexpr int kWordsFrom = 380;  ///< width from which layers have labels beside their strips

}  // namespace

HeadMap::HeadMap(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName("Layer by head map");
    setAccessibleDescription("Arrow keys move the selected head");
}

void HeadMap::setGrid(models::HeadGrid grid) {
    m_grid = std::move(grid);
    m_labelWidth = structureLabelWidth(m_grid.structure);
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
    const bool uniform = m_grid.structure.sameGroups();
    const double groups = uniform ? std::ceil(heads / m_grid.structure.group(0)) : 1;
    const bool known = m_grid.structure.known();
    g.words = known && area.width() >= kWordsFrom;
    const double column = known ? kStrip + 8 + (g.words ? m_labelWidth + 8 : 0) : 0;
    g.map = QRectF(area).adjusted(kLeft + column, kTop, -kRight, -kBottom - (known ? kLegend : 0));
    g.labels = QRectF(area.left() + kLeft - 2, g.map.top(), column, g.map.height());
    const bool roomy = g.map.width() / heads > 12 && g.map.height() / layers > 8;
    const bool apart = g.map.width() / heads > 5 && g.map.height() / layers >= 4;
    g.gap = roomy ? 2 : apart ? 1 : 0;
    g.groupGap = g.map.width() / heads > 5 ? (uniform ? 6 : 4) : 0;
    g.cellWidth = std::max(0.5, (g.map.width() - g.groupGap * (groups - 1)) / heads);
    g.cellHeight = std::max(0.5, g.map.height() / layers);
    g.bar = QRectF(g.map.right() + 12, g.map.top(), 10, g.map.height());
    return g;
}

// All cells of a layer.
QRectF HeadMap::rowRect(const Geometry& g, std::uint32_t layer) const {
    return cellRect(g, layer, 0, 1).united(cellRect(g, layer, m_grid.structure.at(layer).heads - 1, 1));
}

// Groups of one size stand apart as columns; where their size differs by layer, each row has gaps of its own.
QRectF HeadMap::cellRect(const Geometry& g, std::uint32_t layer, std::uint32_t first, std::uint32_t count) const {
    const std::uint32_t group = m_grid.structure.group(layer);
    const bool uniform = m_grid.structure.sameGroups();
    const double x = g.map.left() + first * g.cellWidth + (uniform ? (first / group) * g.groupGap : 0);
    const double y = g.map.top() + layer * g.cellHeight;
    QRectF rect(x, y, g.cellWidth * count, g.cellHeight);
    if (!uniform) {
        const bool opens = first > 0 && first % group == 0;
        const bool closes = first + count < m_grid.heads && (first + count) % group == 0;
        rect.adjust(opens ? g.groupGap / 2 : 0, 0, closes ? -g.groupGap / 2 : 0, 0);
    }
    return rect.adjusted(g.gap / 2, g.gap / 2, -g.gap / 2, -g.gap / 2);
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

// A layer that has no value of this metric by its nature: hatched, with the reason.
void HeadMap::drawNone(QPainter& painter, const Geometry& g, std::uint32_t layer) const {
    const auto& colours = Colours::current();
    const QRectF row = rowRect(g, layer);
    painter.fillRect(row, colours.panel);
    drawHatch(painter, row, m_grid.structure.borrows(layer) ? colours.share.darker(160) : colours.line);
    if (row.height() < 11) {
        return;
    }
    const QString text = models::whyNone(m_grid.structure, layer, m_grid.metric);
    painter.setFont(wordFont(11));
    const QRectF box = painter.fontMetrics().boundingRect(text).toRectF().adjusted(-6, 0, 6, 0);
    const QRectF place(row.center().x() - box.width() / 2, row.top(), box.width(), row.height());
    painter.fillRect(place, colours.panel);
    painter.setPen(colours.secondary);
    painter.drawText(place, Qt::AlignCenter, text);
}

void HeadMap::drawRow(QPainter& painter, const Geometry& g, std::uint32_t layer) const {
    const models::LayerStructure& structure = m_grid.structure;
    const std::uint32_t step = trace::isPerKvHead(m_grid.metric) ? structure.group(layer) : 1;
    const std::uint32_t heads = std::min(structure.at(layer).heads, m_grid.heads);
    bool any = false;
    for (std::uint32_t head = 0; head < heads && !any; head += step) {
        any = !std::isnan(m_grid.at(layer, head));
    }
    if (!any && !structure.owns(layer, m_grid.metric)) {
        drawNone(painter, g, layer);
        return;
    }
    painter.setFont(numberFont(10.5));
    for (std::uint32_t head = 0; head < heads; head += step) {
        drawCell(painter, cellRect(g, layer, head, std::min(step, heads - head)), m_grid.at(layer, head));
    }
    if (structure.borrows(layer)) {
        QColor veil = Colours::current().panel;
        veil.setAlpha(120);
        drawHatch(painter, rowRect(g, layer), veil, 7);
    }
}

void HeadMap::drawCells(QPainter& painter, const Geometry& g) const {
    painter.setRenderHint(QPainter::Antialiasing, g.gap > 0);
    for (std::uint32_t layer = 0; layer < m_grid.layers; ++layer) {
        drawRow(painter, g, layer);
    }
    drawSelected(painter, g);
}

void HeadMap::drawSelected(QPainter& painter, const Geometry& g) const {
    if (!m_selected || m_selected->layer >= m_grid.layers ||
        m_selected->queryHead >= m_grid.structure.at(m_selected->layer).heads) {
        return;
    }
    const std::uint32_t step = trace::isPerKvHead(m_grid.metric) ? m_grid.structure.group(m_selected->layer) : 1;
    painter.setBrush(Qt::NoBrush);
    const QRectF cell = cellRect(g, m_selected->layer, m_selected->queryHead / step * step, step);
    const double width = cell.height() < 10 ? 1 : 2;
    painter.setPen(QPen(Colours::current().panel, width));  // a gap, so that the frame shows on any colour
    painter.drawRoundedRect(cell.adjusted(1, 1, -1, -1), 3, 3);
    painter.setPen(QPen(Colours::current().text, width));
    painter.drawRoundedRect(cell.adjusted(-1, -1, 1, 1), 3, 3);
}

void HeadMap::drawLabels(QPainter& painter, const Geometry& g) const {
    painter.setFont(numberFont(10.5));
    painter.setPen(Colours::current().secondary);
    const double left = g.labels.left() + 2 - kLeft;
    const auto everyRow = std::max(1U, static_cast<std::uint32_t>(std::ceil(14 / g.cellHeight)));
    for (std::uint32_t layer = 0; layer < m_grid.layers; layer += everyRow) {
        const QRectF row = cellRect(g, layer, 0, 1);
        painter.drawText(QRectF(left, row.top(), kLeft - 8, row.height()),
                         Qt::AlignRight | Qt::AlignVCenter | Qt::TextDontClip, QString("L%1").arg(layer));
    }
    const auto everyColumn = std::max(1U, static_cast<std::uint32_t>(std::ceil(26 / g.cellWidth)));
    for (std::uint32_t head = 0; head < m_grid.heads; head += everyColumn) {
        const QRectF cell = cellRect(g, 0, head, 1);
        painter.drawText(QRectF(cell.left(), g.map.bottom() + 2, cell.width(), 14),
                         Qt::AlignHCenter | Qt::AlignTop | Qt::TextDontClip, QString("q%1").arg(head));
    }
    if (m_grid.structure.sameGroups()) {
        drawGroups(painter, g);
    } else {
        painter.drawText(QRectF(g.map.left(), g.map.bottom() + 18, g.map.width(), 14),
                         Qt::AlignHCenter | Qt::AlignTop | Qt::TextDontClip, "the groups of KV heads differ by layer");
    }
    drawStructure(painter, g);
}

// A bracket below the query heads of each KV head.
void HeadMap::drawGroups(QPainter& painter, const Geometry& g) const {
    const std::uint32_t group = m_grid.structure.group(0);
    const double groupWidth = g.cellWidth * group;
    const auto everyGroup = std::max(1U, static_cast<std::uint32_t>(std::ceil(34 / (groupWidth + g.groupGap))));
    for (std::uint32_t kv = 0; kv * group < m_grid.heads && g.groupGap > 0; ++kv) {
        const QRectF span = cellRect(g, 0, kv * group, group);
        const double y = g.map.bottom() + 18;
        painter.setPen(QPen(Colours::current().secondary, 1));
        painter.drawLine(QPointF(span.left() + 1, y), QPointF(span.right() - 1, y));
        painter.drawLine(QPointF(span.left() + 1, y), QPointF(span.left() + 1, y - 3));
        painter.drawLine(QPointF(span.right() - 1, y), QPointF(span.right() - 1, y - 3));
        if (kv % everyGroup == 0) {
            const QString text = m_grid.structure.at(0).latent ? QString("one row for all heads")
                                 : groupWidth > 60             ? QString("KV head %1").arg(kv)
                                                               : QString("KV%1").arg(kv);
            painter.drawText(QRectF(span.left(), y + 1, span.width(), 14),
                             Qt::AlignHCenter | Qt::AlignTop | Qt::TextDontClip, text);
        }
    }
}

// Layers whose labels have room: first those where another kind begins, then the others.
std::vector<std::uint32_t> HeadMap::labelledLayers(const Geometry& g) const {
    std::vector<std::uint32_t> chosen;
    const auto distance = static_cast<std::uint32_t>(std::ceil(13 / g.cellHeight));
    const auto take = [&](std::uint32_t layer) {
        const bool room = std::ranges::all_of(
            chosen, [&](std::uint32_t other) { return std::max(layer, other) - std::min(layer, other) >= distance; });
        if (room) {
            chosen.push_back(layer);
        }
    };
    for (std::uint32_t layer = 0; layer < m_grid.layers; ++layer) {
        if (layer == 0 || m_grid.structure.kind(layer) != m_grid.structure.kind(layer - 1)) {
            take(layer);
        }
    }
    for (std::uint32_t layer = 0; layer < m_grid.layers; ++layer) {
        take(layer);
    }
    return chosen;
}

// Strip and label of each layer, and the legend below the map.
void HeadMap::drawStructure(QPainter& painter, const Geometry& g) const {
    const models::LayerStructure& structure = m_grid.structure;
    if (!structure.known()) {
        return;
    }
    const double height = std::clamp(g.cellHeight - 2, 1.0, 7.0);
    const auto middle = [&](std::uint32_t layer) { return g.map.top() + (layer + 0.5) * g.cellHeight; };
    for (std::uint32_t layer = 0; layer < m_grid.layers; ++layer) {
        drawPastStrip(painter, QRectF(g.labels.left(), middle(layer) - height / 2, kStrip, height),
                      structure.kind(layer));
    }
    painter.setFont(wordFont(11));
    painter.setPen(Colours::current().text);
    for (const std::uint32_t layer : g.words ? labelledLayers(g) : std::vector<std::uint32_t>()) {
        painter.drawText(QRectF(g.labels.left() + kStrip + 6, middle(layer) - 8, m_labelWidth + 4, 16),
                         Qt::AlignVCenter, models::layerLabel(structure, layer));
    }
    const double right = g.bar.right() + kRight - 22;
    drawStructureLegend(painter, QRectF(g.labels.left(), g.map.bottom() + kBottom, right - g.labels.left(), 14),
                        structure);
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
    const std::uint32_t row = std::min(layer, m_grid.layers - 1);
    for (std::uint32_t head = 0; head < m_grid.structure.at(row).heads; ++head) {
        const QRectF cell = cellRect(g, row, head, 1).adjusted(-g.gap, 0, g.gap, 0);
        if (point.x() >= cell.left() && point.x() < cell.right()) {
            return HeadCell{row, head};
        }
    }
    return std::nullopt;
}

std::optional<std::uint32_t> HeadMap::layerAt(const QPoint& point) const {
    const Geometry g = geometryIn(rect());
    if (m_grid.values.empty() || !g.labels.contains(point)) {
        return std::nullopt;
    }
    const auto layer = static_cast<std::uint32_t>((point.y() - g.map.top()) / g.cellHeight);
    return std::min(layer, m_grid.layers - 1);
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
            ++cell.queryHead;
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
    cell.queryHead = std::min(cell.queryHead, m_grid.structure.at(cell.layer).heads - 1);
    emit cellClicked(cell.layer, cell.queryHead);
}

QString HeadMap::explanation(const HeadCell& cell) const {
    const auto& info = models::metricInfo(m_grid.metric);
    const models::LayerStructure& structure = m_grid.structure;
    const double value = m_grid.at(cell.layer, cell.queryHead);
    const QString none = std::isnan(value) ? models::whyNone(structure, cell.layer, m_grid.metric) : QString();
    const QString native = models::layerSentence(structure, cell.layer);
    return QString("L%1 · q%2 → KV head %3%4\n%5 %6\n\n%7%8\n\nMeasured at step %9, position %10.")
        .arg(cell.layer)
        .arg(cell.queryHead)
        .arg(structure.kvHeadOf(cell.layer, cell.queryHead))
        .arg(structure.borrows(cell.layer) ? QString(" of layer %1").arg(structure.at(cell.layer).source) : QString(),
             QString::fromUtf8(info.title), none.isEmpty() ? valueText(m_grid, value) : none,
             native.isEmpty() ? QString() : "Native: " + native + "\n\n", QString::fromUtf8(info.definition),
             models::formatInteger(m_grid.step), models::formatInteger(m_grid.position));
}

bool HeadMap::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        if (const auto cell = cellAt(help->pos())) {
            QToolTip::showText(help->globalPos(), explanation(*cell), this);
        } else if (const auto layer = layerAt(help->pos())) {
            QToolTip::showText(help->globalPos(),
                               QString("L%1: %2\n\n%3")
                                   .arg(*layer)
                                   .arg(models::layerSentence(m_grid.structure, *layer), pastStripLegend()),
                               this);
        } else {
            QToolTip::hideText();
        }
        return true;
    }
    return QWidget::event(event);
}

}  // namespace kvscope::plots
