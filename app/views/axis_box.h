// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLabel>
#include <QWidget>

#include "engine/trace/records.h"

class QVBoxLayout;

namespace kvscope::views {

/// A section of the policy controls: a title and a bar at its left, both in the colour of the axis.
class AxisBox : public QWidget {
    Q_OBJECT
  public:
    AxisBox(trace::Axis axis, const QString& title, QWidget* parent = nullptr);
    [[nodiscard]] QVBoxLayout* content() { return m_content; }

  protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

  private:
    void colourTitle();

    trace::Axis m_axis;
    QLabel* m_title = nullptr;
    QVBoxLayout* m_content = nullptr;
};

}  // namespace kvscope::views
