// SPDX-License-Identifier: Apache-2.0
#include "app/shell/run_panel.h"

#include <QDialogButtonBox>
#include <QFormLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include "app/plots/palette.h"
#include "app/shell/run_settings.h"

namespace kvscope::shell {

namespace {

QString sentence(settings::Key key) {
    return settings::settingInfos()[static_cast<std::size_t>(key)].sentence;
}

}  // namespace

RunPanel::RunPanel(settings::Settings& settings, QWidget* parent) : QDialog(parent), m_settings(settings) {
    setWindowTitle("Prompt and probes");
    resize(640, 520);
    createFields();
    auto* form = new QFormLayout;
    form->addRow("error probe every", m_errorEvery);
    form->addRow("exact lane", m_exactLane);
    form->addRow("temperature", m_temperature);
    form->addRow("seed", m_seed);
    auto* buttons = new QDialogButtonBox(this);
    auto* start = buttons->addButton("Start with this prompt", QDialogButtonBox::AcceptRole);
    auto* builtIn = buttons->addButton("Built-in prompt", QDialogButtonBox::ResetRole);
    buttons->addButton(QDialogButtonBox::Close);
    connect(start, &QPushButton::clicked, this, [this] {
        store();
        emit restartRequested();
        accept();
    });
    connect(builtIn, &QPushButton::clicked, this, [this] { m_prompt->setPlainText(defaultPrompt()); });
    connect(buttons, &QDialogButtonBox::rejected, this, [this] {
        store();
        reject();
    });
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(m_prompt, 1);
    layout->addLayout(form);
    layout->addWidget(buttons);
}

void RunPanel::createFields() {
    using settings::Key;
    m_prompt = new QPlainTextEdit(this);
    m_prompt->setFont(plots::numberFont(12));
    m_prompt->setAccessibleName("Prompt");
    const QString prompt = m_settings.value(Key::Prompt).toString();
    m_prompt->setPlainText(prompt.isEmpty() ? defaultPrompt() : prompt);
    m_errorEvery = new QSpinBox(this);
    m_errorEvery->setRange(0, 1000);
    m_errorEvery->setSpecialValueText("off");
    m_errorEvery->setSuffix(" steps");
    m_errorEvery->setValue(m_settings.value(Key::ErrorEvery).toInt());
    m_errorEvery->setToolTip(sentence(Key::ErrorEvery));
    m_exactLane = new QCheckBox("run `exact` beside it on the same tokens (from the next reset on)", this);
    m_exactLane->setChecked(m_settings.value(Key::ExactLane).toBool());
    m_exactLane->setToolTip(sentence(Key::ExactLane));
    m_temperature = new QDoubleSpinBox(this);
    m_temperature->setRange(0, 5);
    m_temperature->setSingleStep(0.1);
    m_temperature->setValue(m_settings.value(Key::Temperature).toDouble());
    m_temperature->setToolTip(sentence(Key::Temperature));
    m_seed = new QSpinBox(this);
    m_seed->setRange(0, 2147483647);
    m_seed->setValue(m_settings.value(Key::Seed).toInt());
    m_seed->setToolTip(sentence(Key::Seed));
    connect(m_errorEvery, &QSpinBox::valueChanged, this,
            [this](int every) { emit errorEveryChanged(static_cast<unsigned>(every)); });
}

void RunPanel::store() {
    using settings::Key;
    const QString prompt = m_prompt->toPlainText();
    m_settings.set(Key::Prompt, prompt == defaultPrompt() ? QString() : prompt);
    m_settings.set(Key::ErrorEvery, m_errorEvery->value());
    m_settings.set(Key::ExactLane, m_exactLane->isChecked());
    m_settings.set(Key::Temperature, m_temperature->value());
    m_settings.set(Key::Seed, m_seed->value());
}

}  // namespace kvscope::shell
