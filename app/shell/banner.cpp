// SPDX-License-Identifier: Apache-2.0
#include "app/shell/banner.h"

#include <QHBoxLayout>
#include <QPushButton>

namespace kvscope::shell {

Banner::Banner(QWidget* parent) : QFrame(parent) {
    setObjectName("banner");
    m_text = new QLabel(this);
    m_text->setWordWrap(true);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setAccessibleName("Error");
    auto* close = new QPushButton("Dismiss", this);
    connect(close, &QPushButton::clicked, this, [this] {
        hide();
        emit dismissed();
    });
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 6, 8, 6);
    layout->addWidget(m_text, 1);
    layout->addWidget(close);
    hide();
}

void Banner::showSentence(const QString& sentence) {
    m_text->setText(sentence);
    show();
}

LoadingBar::LoadingBar(QWidget* parent) : QFrame(parent) {
    setObjectName("loading");
    m_text = new QLabel(this);
    m_bar = new QProgressBar(this);
    m_bar->setMaximumWidth(360);
    m_bar->setAccessibleName("Loading progress");
    auto* cancel = new QPushButton("Cancel", this);
    cancel->setObjectName("cancelLoading");
    connect(cancel, &QPushButton::clicked, this, &LoadingBar::cancelRequested);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 6, 8, 6);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_bar);
    layout->addWidget(cancel);
    hide();
}

void LoadingBar::showProgress(const QString& what, double fraction) {
    m_text->setText(what);
    if (fraction < 0) {
        m_bar->setRange(0, 0);
    } else {
        m_bar->setRange(0, 1000);
        m_bar->setValue(static_cast<int>(fraction * 1000));
    }
    show();
}

}  // namespace kvscope::shell
