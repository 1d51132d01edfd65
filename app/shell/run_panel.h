// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QCheckBox>
#include <QDialog>
#include <QDoubleSpinBox>
#include <QPlainTextEdit>
#include <QSpinBox>

#include "app/settings/settings.h"

namespace kvscope::shell {

/// Prompt, sampling and probes of a run. Changes are settings; the prompt and the lane act from the next reset on, the
/// error probe at once.
class RunPanel : public QDialog {
    Q_OBJECT
  public:
    explicit RunPanel(settings::Settings& settings, QWidget* parent = nullptr);

  signals:
    void restartRequested();
    void errorEveryChanged(unsigned every);

  private:
    void createFields();
    void store();

    settings::Settings& m_settings;
    QPlainTextEdit* m_prompt = nullptr;
    QSpinBox* m_errorEvery = nullptr;
    QCheckBox* m_exactLane = nullptr;
    QDoubleSpinBox* m_temperature = nullptr;
    QSpinBox* m_seed = nullptr;
};

}  // namespace kvscope::shell
