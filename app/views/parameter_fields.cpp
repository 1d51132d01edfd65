// SPDX-License-Identifier: Apache-2.0
#include "app/views/parameter_fields.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSpinBox>
#include <algorithm>
#include <cmath>

#include "app/plots/palette.h"

namespace kvscope::views {

using cache::ParameterType;

namespace {

QString textOf(std::string_view view) {
    return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

int toInt(double value) {
    return static_cast<int>(std::clamp(value, -2147483647.0, 2147483647.0));
}

}  // namespace

ParameterFields::ParameterFields(const cache::MemberInfo& info, QWidget* parent) : QWidget(parent), m_info(info) {
    setObjectName("plain");
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    for (const auto& parameter : info.parameters) {
        if (info.parameters.size() > 1) {
            auto* name = new QLabel(textOf(parameter.name), this);
            name->setObjectName("secondary");
            layout->addWidget(name);
        }
        m_fields.push_back(createField(parameter));
        layout->addWidget(m_fields.back(), 1);
    }
}

QWidget* ParameterFields::createField(const cache::Parameter& parameter) {
    QWidget* field = nullptr;
    const QString suffix = parameter.unit.empty() ? QString() : "\u2009" + textOf(parameter.unit);
    if (parameter.type == ParameterType::Name) {
        auto* combo = new QComboBox(this);
        combo->addItems(textOf(parameter.choices).split('|'));
        connect(combo, &QComboBox::currentIndexChanged, this, &ParameterFields::edited);
        field = combo;
    } else if (parameter.type == ParameterType::Integer) {
        auto* spin = new QSpinBox(this);
        spin->setRange(toInt(parameter.minimum), toInt(parameter.maximum));
        spin->setValue(toInt(parameter.fallback));
        spin->setSuffix(suffix);
        spin->setKeyboardTracking(false);
        connect(spin, &QSpinBox::valueChanged, this, &ParameterFields::edited);
        field = spin;
    } else {
        auto* spin = new QDoubleSpinBox(this);
        spin->setDecimals(3);
        spin->setRange(parameter.minimum, parameter.maximum);
        spin->setSingleStep(0.05);
        spin->setValue(parameter.fallback);
        spin->setSuffix(suffix);
        spin->setKeyboardTracking(false);
        connect(spin, &QDoubleSpinBox::valueChanged, this, &ParameterFields::edited);
        field = spin;
    }
    field->setFont(plots::numberFont(12));
    field->setToolTip(textOf(parameter.name) + ": " + textOf(parameter.sentence));
    field->setAccessibleName(textOf(m_info.name) + " " + textOf(parameter.name));
    return field;
}

cache::Member ParameterFields::member() const {
    cache::Member member{std::string(m_info.name), {}};
    for (std::size_t i = 0; i < m_fields.size(); ++i) {
        cache::Argument argument{std::string(m_info.parameters[i].name), 0.0};
        if (const auto* spin = qobject_cast<QSpinBox*>(m_fields[i])) {
            argument.value = static_cast<double>(spin->value());
        } else if (const auto* real = qobject_cast<QDoubleSpinBox*>(m_fields[i])) {
            argument.value = std::round(real->value() * 1000) / 1000;
        } else if (const auto* combo = qobject_cast<QComboBox*>(m_fields[i])) {
            argument.value = combo->currentText().toStdString();
        }
        member.arguments.push_back(std::move(argument));
    }
    return member;
}

void ParameterFields::show(const cache::Member& member) {
    for (std::size_t i = 0; i < m_fields.size(); ++i) {
        const auto& parameter = m_info.parameters[i];
        const QSignalBlocker block(m_fields[i]);
        if (auto* spin = qobject_cast<QSpinBox*>(m_fields[i])) {
            spin->setValue(toInt(member.number(parameter.name, parameter.fallback)));
        } else if (auto* real = qobject_cast<QDoubleSpinBox*>(m_fields[i])) {
            real->setValue(member.number(parameter.name, parameter.fallback));
        } else if (auto* combo = qobject_cast<QComboBox*>(m_fields[i])) {
            const QString first = textOf(parameter.choices).section('|', 0, 0);
            combo->setCurrentText(QString::fromStdString(member.text(parameter.name, first.toStdString())));
        }
    }
}

}  // namespace kvscope::views
