// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>
#include <vector>

#include "engine/cache/policy/policy.h"
#include "engine/cache/policy/registry.h"

namespace kvscope::views {

/// Fields for the parameters of one member, made from its line in the registry.
class ParameterFields : public QWidget {
    Q_OBJECT
  public:
    explicit ParameterFields(const cache::MemberInfo& info, QWidget* parent = nullptr);
    /// The member with the arguments of the fields.
    [[nodiscard]] cache::Member member() const;
    /// Shows a member's arguments, defaults where it names none.
    void show(const cache::Member& member);
    [[nodiscard]] const cache::MemberInfo& info() const { return m_info; }

  signals:
    void edited();

  private:
    QWidget* createField(const cache::Parameter& parameter);

    const cache::MemberInfo& m_info;
    std::vector<QWidget*> m_fields;  ///< one a parameter
};

}  // namespace kvscope::views
