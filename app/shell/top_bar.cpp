// SPDX-License-Identifier: Apache-2.0
#include "app/shell/top_bar.h"

#include <QAction>
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>
#include <array>
#include <utility>

#include "app/models/format.h"
#include "app/plots/palette.h"

namespace kvscope::shell {

namespace {

constexpr std::array<double, 9> kSpeeds{1, 2, 5, 10, 20, 40, 100, 200, 0};
constexpr std::array<std::uint32_t, 8> kContexts{0, 256, 512, 1024, 2048, 4096, 8192, 32768};

QToolButton* buttonFor(QAction* action, QWidget* parent) {
    auto* button = new QToolButton(parent);
    button->setDefaultAction(action);
    button->setToolButtonStyle(Qt::ToolButtonTextOnly);
    button->setFocusPolicy(Qt::TabFocus);
    button->setAccessibleName(action->text());
    return button;
}

QWidget* labelled(const QString& text, QWidget* field, QWidget* parent) {
    auto* box = new QWidget(parent);
    box->setObjectName("plain");
    auto* label = new QLabel(text, box);
    label->setObjectName("secondary");
    label->setFont(plots::wordFont(11));
    label->setBuddy(field);
    auto* layout = new QHBoxLayout(box);
    layout->setContentsMargins(4, 0, 0, 0);
    layout->setSpacing(4);
    layout->addWidget(label);
    layout->addWidget(field);
    return box;
}

}  // namespace

TopBar::TopBar(const RunActions& actions, models::PolicyModel& policy, QWidget* parent)
    : QToolBar("Run", parent), m_policy(policy) {
    setObjectName("topBar");
    setMovable(false);
    setContextMenuPolicy(Qt::PreventContextMenu);
    auto* name = new QLabel("KVScope", this);
    name->setObjectName("name");
    addWidget(name);
    for (QAction* action : {actions.open, actions.run, actions.step, actions.reset}) {
        addWidget(buttonFor(action, this));
    }
    addWidget(createPolicy());
    addWidget(createSpeed());
    addWidget(createContext());
    addWidget(buttonFor(actions.settings, this));
    connect(&m_policy, &models::PolicyModel::changed, this, &TopBar::refreshPolicy);
    refreshPolicy();
}

QWidget* TopBar::createPolicy() {
    auto* box = new QWidget(this);
    box->setObjectName("plain");
    box->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    m_line = new views::PolicyLine(m_policy, box);
    m_apply = new QPushButton("Apply", box);
    m_apply->setToolTip("Switches the running model to this policy from its next step on (Return in the policy line)");
    m_problem = new QLabel(box);
    m_problem->setObjectName("problem");
    m_problem->setFont(plots::wordFont(11));
    m_problem->setWordWrap(true);
    m_problem->setTextFormat(Qt::PlainText);
    m_problem->hide();
    auto* row = new QHBoxLayout;
    row->setSpacing(6);
    row->addWidget(m_line, 1);
    row->addWidget(m_apply);
    auto* layout = new QVBoxLayout(box);
    layout->setContentsMargins(6, 0, 0, 0);
    layout->setSpacing(2);
    layout->addLayout(row);
    layout->addWidget(m_problem);
    connect(m_line, &views::PolicyLine::applyRequested, this, &TopBar::applyRequested);
    connect(m_apply, &QPushButton::clicked, this, &TopBar::applyRequested);
    return box;
}

QWidget* TopBar::createSpeed() {
    m_speed = new QComboBox(this);
    for (const double speed : kSpeeds) {
        m_speed->addItem(speed > 0 ? QString("%1 / s").arg(speed) : QString("max"), speed);
    }
    m_speed->setAccessibleName("Speed limit, tokens per second");
    m_speed->setToolTip("Decode steps a second at most, so that one can watch; max = as fast as the device goes.");
    connect(m_speed, &QComboBox::currentIndexChanged, this,
            [this] { emit speedChanged(m_speed->currentData().toDouble()); });
    return labelled("speed", m_speed, this);
}

QWidget* TopBar::createContext() {
    m_context = new QComboBox(this);
    for (const std::uint32_t rows : kContexts) {
        m_context->addItem(rows == 0 ? QString("trained") : models::formatInteger(rows), rows);
    }
    m_context->setAccessibleName("Context length, rows");
    m_context->setToolTip(
        "Rows a sequence may reach, from the next reset on; trained = what the model was trained on.");
    connect(m_context, &QComboBox::currentIndexChanged, this, [this] { emit contextLengthChanged(contextLength()); });
    return labelled("context", m_context, this);
}

std::uint32_t TopBar::contextLength() const {
    return m_context->currentData().toUInt();
}

void TopBar::setSpeed(double tokensPerSecond) {
    const QSignalBlocker block(m_speed);
    int at = m_speed->findData(tokensPerSecond);
    if (at < 0) {
        m_speed->addItem(QString("%1 / s").arg(tokensPerSecond), tokensPerSecond);
        at = m_speed->count() - 1;
    }
    m_speed->setCurrentIndex(at);
}

void TopBar::setContextLength(std::uint32_t rows) {
    const QSignalBlocker block(m_context);
    int at = m_context->findData(rows);
    if (at < 0) {
        m_context->addItem(models::formatInteger(rows), rows);
        at = m_context->count() - 1;
    }
    m_context->setCurrentIndex(at);
}

void TopBar::showStatus(const bridge::EngineStatus& status) {
    const QString running = QString::fromStdString(status.policyEffective);
    if (running != m_running) {
        const bool unedited = m_policy.policy() && QString::fromStdString(m_policy.policy()->toText()) == m_running;
        m_running = running;
        if (unedited) {
            m_policy.setText(running);
        }
        refreshPolicy();
    }
}

void TopBar::refreshPolicy() {
    const bool bad = !m_policy.problem().isEmpty();
    m_problem->setText(m_policy.problem());
    m_problem->setVisible(bad);
    const bool differs = m_policy.policy() && QString::fromStdString(m_policy.policy()->toText()) != m_running;
    m_apply->setEnabled(!bad && differs);
    if (m_line->property("problem").toBool() != bad) {
        m_line->setProperty("problem", bad);
        m_line->style()->unpolish(m_line);
        m_line->style()->polish(m_line);
    }
}

}  // namespace kvscope::shell
