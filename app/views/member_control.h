// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QWidget>
#include <optional>
#include <vector>

#include "app/views/parameter_fields.h"

namespace kvscope::views {

/// Controls for one place of the policy text, made from the registry: either one member of many (a list to choose from)
/// or any number of them (a check box each), with fields for their parameters.
class MemberControl : public QWidget {
    Q_OBJECT
  public:
    enum class Mode { One, Many };
    /// none: what stands in the list for “no member” (Mode::One); empty = one must be chosen.
    MemberControl(cache::Place place, Mode mode, const QString& title, const QString& none, QWidget* parent = nullptr);
    /// The chosen members with their arguments, in the order of the registry.
    [[nodiscard]] cache::Chain chain() const;
    /// Shows those members of the chain that have this place; the rest is ignored.
    void show(const cache::Chain& chain);
    /// True when the registry has no member for the place.
    [[nodiscard]] bool isEmpty() const { return m_fields.empty(); }

  signals:
    void edited();

  private:
    void createOne(const QString& title, const QString& none);
    void createMany();
    void showFields();

    cache::Place m_place;
    Mode m_mode;
    bool m_hasNone;
    std::vector<ParameterFields*> m_fields;  ///< one a member of the place
    std::vector<QCheckBox*> m_checks;        ///< Mode::Many
    QComboBox* m_combo = nullptr;            ///< Mode::One
};

}  // namespace kvscope::views
