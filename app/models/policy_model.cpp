// SPDX-License-Identifier: Apache-2.0
#include "app/models/policy_model.h"

#include <QStringList>

namespace kvscope::models {

void PolicyModel::setText(const QString& text) {
    if (text == m_text) {
        return;
    }
    m_text = text;
    check();
    emit changed();
}

void PolicyModel::setPolicy(const cache::CachePolicy& policy) {
    // Through the text, so that the value is the canonical one that the line would give.
    const std::string text = policy.toText();
    const auto canonical = cache::CachePolicy::parse(text);
    setText(QString::fromStdString(canonical ? canonical->toText() : text));
}

void PolicyModel::setShape(const std::optional<cache::ModelShape>& shape) {
    m_shape = shape;
    check();
    emit changed();
}

void PolicyModel::check() {
    m_problem.clear();
    m_remarks.clear();
    const auto parsed = cache::CachePolicy::parse(m_text.trimmed().toStdString());
    if (!parsed) {
        m_policy.reset();
        m_problem = QString::fromStdString(parsed.error().text());
        return;
    }
    m_policy = *parsed;
    if (m_shape) {
        const auto validation = cache::validate(*m_policy, *m_shape);
        QStringList problems;
        for (const auto& error : validation.errors) {
            problems.append(QString::fromStdString(error.text()));
        }
        m_problem = problems.join("; ");
        QStringList remarks;
        for (const auto& remark : validation.remarks) {
            remarks.append(QString::fromStdString(remark));
        }
        m_remarks = remarks.join("\n");
    }
}

}  // namespace kvscope::models
