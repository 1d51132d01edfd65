// SPDX-License-Identifier: Apache-2.0
#include "app/views/member_control.h"

#include <QGridLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <algorithm>

#include "app/plots/palette.h"

namespace kvscope::views {

namespace {

constexpr int kTitleWidth = 78;

QString textOf(std::string_view view) {
    return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

QString explanation(const cache::MemberInfo& info) {
    const char* nature = info.nature == cache::Nature::Native     ? "native"
                         : info.nature == cache::Nature::Lossless ? "lossless"
                                                                  : "approximate";
    QString text = textOf(info.name) + " (" + nature + "): " + textOf(info.summary);
    if (!info.source.empty()) {
        text += "\n" + textOf(info.source);
    }
    return text;
}

}  // namespace

MemberControl::MemberControl(cache::Place place, Mode mode, const QString& title, const QString& none, QWidget* parent)
    : QWidget(parent), m_place(place), m_mode(mode), m_hasNone(!none.isEmpty()) {
    setObjectName("plain");
    for (const auto& info : cache::members()) {
        if (info.place == place) {
            m_fields.push_back(new ParameterFields(info, this));
            connect(m_fields.back(), &ParameterFields::edited, this, &MemberControl::edited);
        }
    }
    auto* layout = new QGridLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setHorizontalSpacing(6);
    layout->setVerticalSpacing(3);
    layout->setColumnMinimumWidth(0, kTitleWidth);
    layout->setColumnStretch(1, 1);
    if (m_fields.empty()) {
        hide();
    } else if (mode == Mode::One) {
        createOne(title, none);
    } else {
        createMany();
    }
}

void MemberControl::createOne(const QString& title, const QString& none) {
    auto* layout = static_cast<QGridLayout*>(this->layout());
    auto* label = new QLabel(title, this);
    label->setObjectName("secondary");
    m_combo = new QComboBox(this);
    m_combo->setFont(plots::numberFont(12));
    m_combo->setAccessibleName(title);
    if (m_hasNone) {
        m_combo->addItem(none);
    }
    for (const auto* fields : m_fields) {
        m_combo->addItem(textOf(fields->info().name));
        m_combo->setItemData(m_combo->count() - 1, explanation(fields->info()), Qt::ToolTipRole);
    }
    label->setBuddy(m_combo);
    layout->addWidget(label, 0, 0);
    layout->addWidget(m_combo, 0, 1);
    int row = 1;
    for (auto* fields : m_fields) {
        layout->addWidget(fields, row++, 1);
    }
    showFields();
    connect(m_combo, &QComboBox::currentIndexChanged, this, [this] {
        showFields();
        emit edited();
    });
}

void MemberControl::createMany() {
    auto* layout = static_cast<QGridLayout*>(this->layout());
    int row = 0;
    for (auto* fields : m_fields) {
        auto* check = new QCheckBox(textOf(fields->info().name), this);
        check->setToolTip(explanation(fields->info()));
        m_checks.push_back(check);
        layout->addWidget(check, row, 0);
        layout->addWidget(fields, row++, 1);
        fields->setEnabled(false);
        connect(check, &QCheckBox::toggled, this, [this, fields](bool on) {
            fields->setEnabled(on);
            emit edited();
        });
    }
}

void MemberControl::showFields() {
    const int chosen = m_combo->currentIndex() - (m_hasNone ? 1 : 0);
    for (std::size_t i = 0; i < m_fields.size(); ++i) {
        m_fields[i]->setVisible(static_cast<int>(i) == chosen && !m_fields[i]->info().parameters.empty());
    }
    m_combo->setToolTip(chosen < 0 ? QString() : explanation(m_fields[static_cast<std::size_t>(chosen)]->info()));
}

cache::Chain MemberControl::chain() const {
    cache::Chain chain;
    for (std::size_t i = 0; i < m_fields.size(); ++i) {
        const bool chosen = m_mode == Mode::Many ? m_checks[i]->isChecked()
                                                 : m_combo->currentIndex() - (m_hasNone ? 1 : 0) == static_cast<int>(i);
        if (chosen) {
            chain.push_back(m_fields[i]->member());
        }
    }
    return chain;
}

void MemberControl::show(const cache::Chain& chain) {
    if (m_fields.empty()) {
        return;
    }
    int chosen = m_hasNone ? 0 : -1;
    for (std::size_t i = 0; i < m_fields.size(); ++i) {
        const auto found = std::ranges::find(chain, m_fields[i]->info().name, &cache::Member::name);
        const bool present = found != chain.end();
        if (present) {
            m_fields[i]->show(*found);
            chosen = static_cast<int>(i) + (m_hasNone ? 1 : 0);
        }
        if (m_mode == Mode::Many) {
            const QSignalBlocker block(m_checks[i]);
            m_checks[i]->setChecked(present);
            m_fields[i]->setEnabled(present);
        }
    }
    if (m_mode == Mode::One && chosen >= 0) {
        const QSignalBlocker block(m_combo);
        m_combo->setCurrentIndex(chosen);
        showFields();
    }
}

}  // namespace kvscope::views
