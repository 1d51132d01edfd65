// SPDX-License-Identifier: Apache-2.0
#include "app/views/token_strip.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>
#include <algorithm>

#include "app/models/format.h"
#include "app/plots/palette.h"

namespace kvscope::views {

namespace {
constexpr int kLine = 21;
}

TokenStrip::TokenStrip(const models::TextModel& model, QWidget* parent)
    : QAbstractScrollArea(parent), m_model(model), m_font(plots::numberFont(12.5)) {
    setFrameShape(NoFrame);
    viewport()->setAutoFillBackground(false);
    viewport()->setMouseTracking(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    verticalScrollBar()->setSingleStep(1);
    setAccessibleName("Text of the run");
}

QString TokenStrip::shown(std::size_t index) const {
    QString text = m_model.tokens()[index].text;
    return text.replace('\n', QChar(0x21B5)).replace('\t', ' ');
}

void TokenStrip::layOut(std::size_t from) {
    const QFontMetrics metrics(m_font);
    const int room = viewport()->width() - 4;
    Place last = from == 0 ? Place{} : m_places[from - 1];
    m_places.resize(from);
    for (std::size_t i = from; i < m_model.tokens().size(); ++i) {
        const int width = metrics.horizontalAdvance(shown(i));
        int x = last.x + last.width;
        int line = last.line;
        if (x + width > room && x > 0) {
            x = 0;
            ++line;
        }
        last = {line, x, width};
        m_places.push_back(last);
    }
}

void TokenStrip::refresh() {
    auto* bar = verticalScrollBar();
    const bool atEnd = bar->value() >= bar->maximum();
    if (m_model.revision() != m_revision || m_places.size() > m_model.tokens().size()) {
        m_revision = m_model.revision();
        m_places.clear();
    }
    layOut(m_places.size());
    const int visible = std::max(1, viewport()->height() / kLine);
    bar->setPageStep(visible);
    bar->setRange(0, std::max(0, lines() - visible));
    if (atEnd) {
        bar->setValue(bar->maximum());
    }
    viewport()->update();
}

void TokenStrip::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    m_places.clear();
    refresh();
}

// Tokens [begin, end) of one line that look the same are one text: a drawing of many words costs as one.
void TokenStrip::paintRun(QPainter& painter, std::size_t begin, std::size_t end) const {
    const auto& colours = plots::Colours::current();
    const auto& token = m_model.tokens()[begin];
    const Place& last = m_places[end - 1];
    const int x = m_places[begin].x;
    const QRect box(x, (last.line - verticalScrollBar()->value()) * kLine, last.x + last.width - x, kLine);
    QString text;
    for (std::size_t i = begin; i < end; ++i) {
        text += shown(i);
    }
    if (token.generated) {
        painter.fillRect(box.adjusted(0, 2, 0, -2), colours.raised);
    }
    painter.setPen(token.evicted ? colours.secondary : colours.text);
    painter.drawText(box, Qt::AlignVCenter | Qt::TextDontClip | Qt::TextSingleLine, text);
    if (token.evicted) {
        painter.drawLine(box.left(), box.center().y() + 1, box.right(), box.center().y() + 1);
    }
}

void TokenStrip::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(viewport());
    painter.setFont(m_font);
    const int first = verticalScrollBar()->value();
    const int last = first + viewport()->height() / kLine + 1;
    const auto& tokens = m_model.tokens();
    const auto visible = std::ranges::lower_bound(m_places, first, {}, &Place::line);
    for (auto begin = static_cast<std::size_t>(visible - m_places.begin()); begin < m_places.size();) {
        if (m_places[begin].line > last) {
            break;
        }
        std::size_t end = begin + 1;
        while (end < m_places.size() && m_places[end].line == m_places[begin].line &&
               tokens[end].generated == tokens[begin].generated && tokens[end].evicted == tokens[begin].evicted) {
            ++end;
        }
        paintRun(painter, begin, end);
        begin = end;
    }
}

std::ptrdiff_t TokenStrip::tokenAt(const QPoint& point) const {
    const int line = point.y() / kLine + verticalScrollBar()->value();
    for (auto place = std::ranges::lower_bound(m_places, line, {}, &Place::line);
         place != m_places.end() && place->line == line; ++place) {
        if (point.x() >= place->x && point.x() < place->x + place->width) {
            return place - m_places.begin();
        }
    }
    return -1;
}

void TokenStrip::mousePressEvent(QMouseEvent* event) {
    const auto index = tokenAt(event->pos());
    if (index >= 0) {
        emit tokenClicked(m_model.tokens()[static_cast<std::size_t>(index)].position);
    }
}

bool TokenStrip::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const auto index = tokenAt(help->pos());
        if (index >= 0) {
            const auto& token = m_model.tokens()[static_cast<std::size_t>(index)];
            QToolTip::showText(
                help->globalPos(),
                QString("“%1” · token %2 · position %3 · %4\n%5 for the selected head\nlog-probability %6 nats")
                    .arg(shown(static_cast<std::size_t>(index)))
                    .arg(token.id)
                    .arg(models::formatInteger(token.position),
                         token.generated ? QString("generated") : QString("prompt"),
                         token.evicted ? QString("evicted") : QString("resident"),
                         models::formatNumber(static_cast<double>(token.logProbability))),
                this);
        } else {
            QToolTip::hideText();
        }
        return true;
    }
    return QAbstractScrollArea::viewportEvent(event);
}

}  // namespace kvscope::views
