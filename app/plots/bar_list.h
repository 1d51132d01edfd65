// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QString>
#include <QWidget>
#include <vector>

namespace kvscope::plots {

/// Named bars with their numbers, all on one scale from zero.
class BarList : public QWidget {
    Q_OBJECT
  public:
    struct Bar {
        QString name;
        double value = 0;
        QString text;        ///< the value with its unit
        QString definition;  ///< hover
        QColor colour;
    };
    explicit BarList(QWidget* parent = nullptr);
    /// top: value at the full width.
    void setBars(std::vector<Bar> bars, double top);
    void setEmptyText(const QString& text);
    void draw(QPainter& painter, const QRect& area) const;
    [[nodiscard]] QSize minimumSizeHint() const override { return {200, 75}; }

  protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

  private:
    [[nodiscard]] double rowHeight(const QRect& area) const;

    std::vector<Bar> m_bars;
    double m_top = 1;
    QString m_emptyText;
};

}  // namespace kvscope::plots
