// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>
#include <optional>

#include "engine/cache/policy/policy.h"

namespace kvscope::models {

/// The policy being edited: one value behind the policy line and the policy controls, which keeps them in step. Owned
/// by the main window.
class PolicyModel : public QObject {
    Q_OBJECT
  public:
    explicit PolicyModel(QObject* parent = nullptr) : QObject(parent) {}
    [[nodiscard]] const QString& text() const { return m_text; }
    /// The text's value; none while it does not parse.
    [[nodiscard]] const std::optional<cache::CachePolicy>& policy() const { return m_policy; }
    /// Why the text cannot run, as a sentence; empty when it can.
    [[nodiscard]] const QString& problem() const { return m_problem; }
    /// Remarks that are no errors, a line each.
    [[nodiscard]] const QString& remarks() const { return m_remarks; }
    /// Takes a text as it is typed: parses and validates it.
    void setText(const QString& text);
    /// Takes a value from the controls and writes it as text.
    void setPolicy(const cache::CachePolicy& policy);
    /// The model that policies are validated for; none = parse only.
    void setShape(const std::optional<cache::ModelShape>& shape);

  signals:
    /// Text, value or problem changed.
    void changed();

  private:
    void check();

    QString m_text = "exact";
    std::optional<cache::CachePolicy> m_policy = cache::CachePolicy{};
    std::optional<cache::ModelShape> m_shape;
    QString m_problem;
    QString m_remarks;
};

}  // namespace kvscope::models
