// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractScrollArea>
#include <QFont>
#include <vector>

#include "app/models/text_model.h"

namespace kvscope::views {

/// Tokens as flowing text: generated ones bright on a ground, evicted ones struck through. Follows the end unless it
/// was scrolled. Only what is visible is painted; what was laid out stays laid out.
class TokenStrip : public QAbstractScrollArea {
    Q_OBJECT
  public:
    explicit TokenStrip(const models::TextModel& model, QWidget* parent = nullptr);
    /// Lays out what the model has that is new.
    void refresh();
    [[nodiscard]] QSize minimumSizeHint() const override { return {100, 24}; }
    [[nodiscard]] QSize sizeHint() const override { return {400, 90}; }

  signals:
    void tokenClicked(std::uint64_t position);

  protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool viewportEvent(QEvent* event) override;

  private:
    struct Place {
        int line = 0;
        int x = 0;
        int width = 0;
    };
    void layOut(std::size_t from);
    void paintRun(QPainter& painter, std::size_t begin, std::size_t end) const;
    [[nodiscard]] QString shown(std::size_t index) const;
    [[nodiscard]] std::ptrdiff_t tokenAt(const QPoint& point) const;
    [[nodiscard]] int lines() const { return m_places.empty() ? 0 : m_places.back().line + 1; }

    const models::TextModel& m_model;
    QFont m_font;
    std::vector<Place> m_places;
    std::uint64_t m_revision = 0;
};

}  // namespace kvscope::views
