// SPDX-License-Identifier: Apache-2.0
#include "app/plots/legend_strip.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>
#include <utility>

#include "app/plots/palette.h"

namespace kvscope::plots {

namespace {
constexpr int kHeight = 16;
constexpr int kDash = 10;
constexpr int kGap = 8;
}  // namespace

LegendStrip::LegendStrip(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setMouseTracking(true);
}

void LegendStrip::setTitle(const QString& title, const QString& unit) {
    m_title = title;
    m_unit = unit;
    setAccessibleName(title + ", " + unit);
    update();
}

void LegendStrip::setEntries(std::vector<Entry> entries) {
    m_entries = std::move(entries);
    update();
}

void LegendStrip::setValues(const std::vector<QString>& values) {
    bool changed = false;
    for (std::size_t i = 0; i < m_entries.size() && i < values.size(); ++i) {
        changed = changed || m_entries[i].value != values[i];
        m_entries[i].value = values[i];
    }
    if (changed) {
        update();
    }
}

QSize LegendStrip::sizeHint() const {
    return {200, kHeight};
}

void LegendStrip::draw(QPainter& painter, const QRect& area) {
    const Colours& colours = Colours::current();
    const QFont words = wordFont(11);
    const QFont numbers = numberFont(11);
    const QFontMetrics wordMetrics(words);
    const QFontMetrics numberMetrics(numbers);
    painter.setFont(words);
    painter.setPen(colours.text);
    int x = area.left();
    painter.drawText(QRect(x, area.top(), 400, area.height()), Qt::AlignVCenter, m_title);
    x += wordMetrics.horizontalAdvance(m_title) + 6;
    painter.setPen(colours.secondary);
    painter.drawText(QRect(x, area.top(), 400, area.height()), Qt::AlignVCenter, m_unit);
    x += wordMetrics.horizontalAdvance(m_unit) + 2 * kGap;
    m_places.assign(m_entries.size(), {});
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        const Entry& entry = m_entries[i];
        const int nameWidth = wordMetrics.horizontalAdvance(entry.name);
        const int valueWidth =
            std::max(numberMetrics.horizontalAdvance(entry.value), numberMetrics.averageCharWidth() * 7);
        const int width = kDash + 4 + nameWidth + 5 + valueWidth;
        if (x + width > area.right() + 1) {
            break;  // too narrow for this entry: the curve keeps its tooltip
        }
        QPen pen(colours.ink(entry.ink), 2);
        pen.setStyle(entry.dashed ? Qt::DotLine : Qt::SolidLine);
        painter.setPen(pen);
        const int middle = area.top() + area.height() / 2;
        painter.drawLine(x, middle, x + kDash, middle);
        painter.setPen(colours.secondary);
        painter.setFont(words);
        painter.drawText(QRect(x + kDash + 4, area.top(), nameWidth + 4, area.height()), Qt::AlignVCenter, entry.name);
        painter.setPen(colours.text);
        painter.setFont(numbers);
        painter.drawText(QRect(x + kDash + 4 + nameWidth + 5, area.top(), valueWidth + 4, area.height()),
                         Qt::AlignVCenter, entry.value);
        m_places[i] = QRect(x, area.top(), width, area.height());
        x += width + kGap;
    }
}

void LegendStrip::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    draw(painter, rect());
}

bool LegendStrip::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        for (std::size_t i = 0; i < m_places.size(); ++i) {
            if (m_places[i].contains(help->pos())) {
                QToolTip::showText(help->globalPos(), m_entries[i].name + "\n" + m_entries[i].definition, this);
                return true;
            }
        }
        QToolTip::hideText();
        return true;
    }
    return QWidget::event(event);
}

}  // namespace kvscope::plots
