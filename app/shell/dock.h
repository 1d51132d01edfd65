// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDockWidget>
#include <QLabel>

#include "app/views/view.h"

namespace kvscope::shell {

/// A dock with one view: a panel with a title, secondary facts at its right end, and an export button.
class ViewDock : public QDockWidget {
    Q_OBJECT
  public:
    ViewDock(const views::ViewFactory& factory, views::ViewContext& context, QWidget* parent = nullptr);
    [[nodiscard]] views::View& view() { return *m_view; }
    /// True when the user can see it (not closed, not behind another tab).
    [[nodiscard]] bool isSeen() const;

  signals:
    void exportRequested(kvscope::views::View* view);

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    QWidget* createTitle(const QString& title);

    views::View* m_view = nullptr;
    QLabel* m_facts = nullptr;
};

}  // namespace kvscope::shell
