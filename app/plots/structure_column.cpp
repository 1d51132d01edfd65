// SPDX-License-Identifier: Apache-2.0
#include "app/plots/structure_column.h"

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>

#include "app/models/layer_words.h"
#include "app/plots/palette.h"

namespace kvscope::plots {

using models::LayerKind;

namespace {

constexpr double kStripWidth = 26;
constexpr double kStripHeight = 7;

QColor inkOf(LayerKind kind) {
    const Colours& colours = Colours::current();
    switch (kind) {
        case LayerKind::Full:
            return colours.secondary;
        case LayerKind::Window:
            return colours.keep;
        case LayerKind::Borrows:
        case LayerKind::Latent:
            return colours.share;
        case LayerKind::Csa:
            return colours.read;
        case LayerKind::Hca:
            return colours.encode;
    }
    return colours.secondary;
}

void drawDots(QPainter& painter, const QRectF& rect, double distance) {
    const double side = std::min(2.0, rect.height());
    for (double x = rect.left(); x + side <= rect.right(); x += distance) {
        painter.drawRect(QRectF(x, rect.center().y() - rect.height() / 2, side, rect.height()));
    }
}

}  // namespace

void drawHatch(QPainter& painter, const QRectF& rect, const QColor& colour, double distance) {
    painter.save();
    painter.setClipRect(rect, Qt::IntersectClip);
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setPen(QPen(colour, 1));
    for (double x = rect.left() - rect.height(); x < rect.right(); x += distance) {
        painter.drawLine(QPointF(x, rect.bottom()), QPointF(x + rect.height(), rect.top()));
    }
    painter.restore();
}

void drawPastStrip(QPainter& painter, const QRectF& rect, LayerKind kind) {
    const QColor ink = inkOf(kind);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setPen(Qt::NoPen);
    painter.setBrush(ink);
    const double newest = rect.width() * 0.3;
    const QRectF window(rect.right() - newest, rect.top(), newest, rect.height());
    const QRectF old = rect.adjusted(0, 0, -newest - 2, 0);
    const auto baseline = [&] {
        painter.fillRect(QRectF(old.left(), rect.center().y() - 0.5, old.width(), 1), Colours::current().line);
    };
    switch (kind) {
        case LayerKind::Full:
            painter.drawRect(rect);
            break;
        case LayerKind::Latent:
            painter.drawRect(QRectF(rect.left(), rect.top() + rect.height() * 0.3, rect.width(),
                                    std::max(1.0, rect.height() * 0.4)));
            break;
        case LayerKind::Window:
            baseline();
            painter.drawRect(window);
            break;
        case LayerKind::Csa:
            drawDots(painter, old, 4);
            painter.drawRect(window);
            break;
        case LayerKind::Hca:
            baseline();
            drawDots(painter, old, 8);
            painter.drawRect(window);
            break;
        case LayerKind::Borrows:
            drawHatch(painter, rect, ink, 4);
            break;
    }
    painter.restore();
}

QString pastStripLegend() {
    return "The strip shows which past tokens have rows, oldest left, newest right:\n"
           "solid: a row of every token; dots: one compressed row for several tokens;\n"
           "a thin bar: one latent for all heads; hatched: the layer reads another layer's rows.\n"
           "All of this is native: the architecture does it before any policy.";
}

double drawStructureLegend(QPainter& painter, const QRectF& rect, const models::LayerStructure& structure) {
    const QFont words = wordFont(11);
    const QFontMetricsF metrics(words);
    painter.setFont(words);
    double x = rect.left();
    painter.setPen(Colours::current().secondary);
    const QString title = "native";
    painter.drawText(QRectF(x, rect.top(), 100, rect.height()), Qt::AlignVCenter, title);
    x += metrics.horizontalAdvance(title) + 10;
    for (const models::LayerGroup& group : models::layerGroups(structure)) {
        const QString text = group.label + " ×" + QString::number(group.count);
        const double width = kStripWidth + 5 + metrics.horizontalAdvance(text);
        if (x + width > rect.right()) {
            break;
        }
        drawPastStrip(painter, QRectF(x, rect.center().y() - kStripHeight / 2, kStripWidth, kStripHeight),
                      structure.kind(group.first));
        painter.setPen(Colours::current().text);
        painter.drawText(QRectF(x + kStripWidth + 5, rect.top(), width, rect.height()), Qt::AlignVCenter, text);
        x += width + 14;
    }
    return x - rect.left();
}

double structureLabelWidth(const models::LayerStructure& structure) {
    const QFontMetricsF metrics(wordFont(11));
    double widest = 0;
    for (std::uint32_t layer = 0; layer < structure.size(); ++layer) {
        widest = std::max(widest, metrics.horizontalAdvance(models::layerLabel(structure, layer)));
    }
    return widest;
}

}  // namespace kvscope::plots
