// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QToolBar>

#include "app/bridge/engine_status.h"
#include "app/models/policy_model.h"
#include "app/views/policy_line.h"

class QAction;

namespace kvscope::shell {

/// The actions that the bar shows as buttons.
struct RunActions {
    QAction* open = nullptr;
    QAction* run = nullptr;  ///< Pause / Run
    QAction* step = nullptr;
    QAction* reset = nullptr;
    QAction* settings = nullptr;  ///< prompt and probes
};

/// Buttons of the run, the policy line with its problem below, speed and context length.
class TopBar : public QToolBar {
    Q_OBJECT
  public:
    TopBar(const RunActions& actions, models::PolicyModel& policy, QWidget* parent = nullptr);
    void showStatus(const bridge::EngineStatus& status);
    void setSpeed(double tokensPerSecond);
    void setContextLength(std::uint32_t rows);
    [[nodiscard]] std::uint32_t contextLength() const;

  signals:
    void applyRequested();
    void speedChanged(double tokensPerSecond);
    void contextLengthChanged(std::uint32_t rows);

  private:
    QWidget* createPolicy();
    QWidget* createSpeed();
    QWidget* createContext();
    void refreshPolicy();

    models::PolicyModel& m_policy;
    views::PolicyLine* m_line = nullptr;
    QLabel* m_problem = nullptr;
    QPushButton* m_apply = nullptr;
    QComboBox* m_speed = nullptr;
    QComboBox* m_context = nullptr;
    QString m_running;  ///< effective policy of the run
};

}  // namespace kvscope::shell
