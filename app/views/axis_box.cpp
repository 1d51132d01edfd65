// SPDX-License-Identifier: Apache-2.0
#include "app/views/axis_box.h"

#include <QEvent>
#include <QPainter>
#include <QVBoxLayout>

#include "app/plots/palette.h"

namespace kvscope::views {

AxisBox::AxisBox(trace::Axis axis, const QString& title, QWidget* parent) : QWidget(parent), m_axis(axis) {
    setObjectName("plain");
    m_title = new QLabel(title, this);
    QFont font = plots::wordFont(12.5);
    font.setWeight(QFont::DemiBold);
    m_title->setFont(font);
    m_content = new QVBoxLayout(this);
    m_content->setContentsMargins(12, 2, 0, 4);
    m_content->setSpacing(4);
    m_content->addWidget(m_title);
    colourTitle();
}

void AxisBox::colourTitle() {
    m_title->setStyleSheet("color: " + plots::Colours::current().axis(m_axis).name());
}

void AxisBox::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    painter.fillRect(QRect(0, 0, 3, height()), plots::Colours::current().axis(m_axis));
}

void AxisBox::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        colourTitle();
    }
}

}  // namespace kvscope::views
