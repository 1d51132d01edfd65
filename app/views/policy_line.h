// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPlainTextEdit>

#include "app/models/policy_model.h"

namespace kvscope::views {

/// The policy as one editable line, each clause in the colour of its axis. Return applies it.
class PolicyLine : public QPlainTextEdit {
    Q_OBJECT
  public:
    explicit PolicyLine(models::PolicyModel& model, QWidget* parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

  signals:
    void applyRequested();

  protected:
    void keyPressEvent(QKeyEvent* event) override;
    void insertFromMimeData(const QMimeData* source) override;
    void changeEvent(QEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;

  private:
    void readModel();

    models::PolicyModel& m_model;
};

}  // namespace kvscope::views
