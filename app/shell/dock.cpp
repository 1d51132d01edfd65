// SPDX-License-Identifier: Apache-2.0
#include "app/shell/dock.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QToolButton>

#include "app/plots/palette.h"

namespace kvscope::shell {

ViewDock::ViewDock(const views::ViewFactory& factory, views::ViewContext& context, QWidget* parent)
    : QDockWidget(factory.title, parent) {
    setObjectName(factory.id);
    setAccessibleName(factory.title);
    m_view = factory.create(context);
    m_view->setParent(this);
    setTitleBarWidget(createTitle(factory.title));
    setWidget(m_view);
    setContentsMargins(1, 1, 1, 4);
    connect(m_view, &views::View::factsChanged, m_facts, &QLabel::setText);
}

QWidget* ViewDock::createTitle(const QString& title) {
    auto* bar = new QWidget(this);
    bar->setObjectName("plain");
    auto* name = new QLabel(title, bar);
    QFont font = plots::wordFont(13);
    font.setWeight(QFont::DemiBold);
    name->setFont(font);
    m_facts = new QLabel(bar);
    m_facts->setObjectName("secondary");
    m_facts->setFont(plots::wordFont(11));
    m_facts->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_facts->setMinimumWidth(0);
    m_facts->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* save = new QToolButton(bar);
    save->setObjectName("flat");
    save->setText("⤓");
    save->setToolTip("Export the drawings of this panel as PNG or SVG");
    save->setAccessibleName("Export " + title);
    save->setVisible(!m_view->drawings().empty());
    connect(save, &QToolButton::clicked, this, [this] { emit exportRequested(m_view); });
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(12, 6, 10, 2);
    layout->addWidget(name);
    layout->addWidget(m_facts, 1);
    layout->addWidget(save);
    return bar;
}

bool ViewDock::isSeen() const {
    return isVisible() && !visibleRegion().isEmpty();
}

void ViewDock::paintEvent(QPaintEvent* /*event*/) {
    const auto& colours = plots::Colours::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(colours.line);
    painter.setBrush(colours.panel);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8);
}

}  // namespace kvscope::shell
