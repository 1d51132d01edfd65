// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>
#include <QLabel>
#include <QProgressBar>

namespace kvscope::shell {

/// An error sentence across the window, with a button that closes it. Never modal.
class Banner : public QFrame {
    Q_OBJECT
  public:
    explicit Banner(QWidget* parent = nullptr);
    void showSentence(const QString& sentence);
    [[nodiscard]] QString sentence() const { return m_text->text(); }

  signals:
    void dismissed();

  private:
    QLabel* m_text = nullptr;
};

/// What is being loaded, how far it is, and a button that cancels it.
class LoadingBar : public QFrame {
    Q_OBJECT
  public:
    explicit LoadingBar(QWidget* parent = nullptr);
    /// fraction: 0 … 1, negative = unknown.
    void showProgress(const QString& what, double fraction);

  signals:
    void cancelRequested();

  private:
    QLabel* m_text = nullptr;
    QProgressBar* m_bar = nullptr;
};

}  // namespace kvscope::shell
