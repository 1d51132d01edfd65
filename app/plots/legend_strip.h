// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QRect>
#include <QString>
#include <QWidget>
#include <vector>

#include "app/models/timeline_model.h"

namespace kvscope::plots {

/// The line above a timeline: its title with the unit, then each curve's name and value. Hovering an entry tells the
/// definition.
class LegendStrip : public QWidget {
    Q_OBJECT
  public:
    struct Entry {
        QString name;
        QString value;
        QString definition;
        models::Ink ink = models::Ink::Text;
        bool dashed = false;
    };
    explicit LegendStrip(QWidget* parent = nullptr);
    void setTitle(const QString& title, const QString& unit);
    void setEntries(std::vector<Entry> entries);
    /// Changes the values alone.
    void setValues(const std::vector<QString>& values);
    [[nodiscard]] QSize sizeHint() const override;
    void draw(QPainter& painter, const QRect& area);

  protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

  private:
    QString m_title;
    QString m_unit;
    std::vector<Entry> m_entries;
    std::vector<QRect> m_places;
};

}  // namespace kvscope::plots
