// SPDX-License-Identifier: Apache-2.0
#include "app/plots/bar_list.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <utility>

#include "app/plots/palette.h"

namespace kvscope::plots {

namespace {
constexpr int kNameWidth = 86;
constexpr int kTextWidth = 78;
constexpr double kMaximumRow = 26;
}  // namespace

BarList::BarList(QWidget* parent) : QWidget(parent) {
    setAccessibleName("Bars");
}

void BarList::setBars(std::vector<Bar> bars, double top) {
    m_bars = std::move(bars);
    m_top = top > 0 ? top : 1;
    QString all;
    for (const auto& bar : m_bars) {
        all += bar.name + " " + bar.text + "\n";
    }
    setAccessibleDescription(all);
    update();
}

void BarList::setEmptyText(const QString& text) {
    m_emptyText = text;
    update();
}

double BarList::rowHeight(const QRect& area) const {
    return std::min(kMaximumRow, area.height() / std::max<double>(1, static_cast<double>(m_bars.size())));
}

void BarList::draw(QPainter& painter, const QRect& area) const {
    const auto& colours = Colours::current();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_bars.empty()) {
        painter.setFont(wordFont(12.5));
        painter.setPen(colours.secondary);
        painter.drawText(area, Qt::AlignCenter | Qt::TextWordWrap, m_emptyText);
    }
    const double height = rowHeight(area);
    const double room = std::max(10.0, static_cast<double>(area.width() - kNameWidth - kTextWidth - 8));
    double y = area.top();
    for (const auto& bar : m_bars) {
        painter.setFont(wordFont(12));
        painter.setPen(colours.secondary);
        painter.drawText(QRectF(area.left(), y, kNameWidth, height), Qt::AlignVCenter, bar.name);
        const double width = std::clamp(bar.value / m_top, 0.0, 1.0) * room;
        painter.setPen(Qt::NoPen);
        painter.setBrush(bar.colour);
        const double thick = std::min(12.0, height - 4);
        painter.drawRoundedRect(QRectF(area.left() + kNameWidth, y + (height - thick) / 2, std::max(1.5, width), thick),
                                2, 2);
        painter.setFont(numberFont(12));
        painter.setPen(colours.text);
        painter.drawText(QRectF(area.right() - kTextWidth, y, kTextWidth, height), Qt::AlignVCenter | Qt::AlignRight,
                         bar.text);
        y += height;
    }
    painter.restore();
}

void BarList::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    draw(painter, rect());
}

bool BarList::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const auto row = static_cast<std::size_t>(std::max(0.0, help->pos().y() / rowHeight(rect())));
        if (row < m_bars.size()) {
            QToolTip::showText(help->globalPos(),
                               m_bars[row].name + " " + m_bars[row].text + "\n" + m_bars[row].definition, this);
        } else {
            QToolTip::hideText();
        }
        return true;
    }
    return QWidget::event(event);
}

}  // namespace kvscope::plots
