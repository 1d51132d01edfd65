// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QRect>
#include <QString>
#include <QWidget>
#include <optional>
#include <vector>

#include "app/models/head_map_model.h"

namespace kvscope::plots {

/// A cell of the map.
struct HeadCell {
    std::uint32_t layer = 0;
    std::uint32_t queryHead = 0;
    bool operator==(const HeadCell&) const = default;
};

/// The layer × head map: rows are layers, columns query heads, grouped by KV head; cividis with a colour bar.
/// Metrics of a KV head fill its group. At the left stands what each layer caches natively; layers that read another's
/// rows are hatched.
class HeadMap : public QWidget {
    Q_OBJECT
  public:
    explicit HeadMap(QWidget* parent = nullptr);
    void setGrid(models::HeadGrid grid);
    void setSelected(std::optional<HeadCell> cell);
    /// What is written where the map would be while nothing is known.
    void setEmptyText(const QString& text);
    [[nodiscard]] const models::HeadGrid& grid() const { return m_grid; }
    void draw(QPainter& painter, const QRect& area) const;
    [[nodiscard]] std::optional<HeadCell> cellAt(const QPoint& point) const;
    /// "0.0143", "46.2 KiB", with the metric's unit.
    [[nodiscard]] static QString valueText(const models::HeadGrid& grid, double value);
    [[nodiscard]] QSize minimumSizeHint() const override { return {220, 80}; }

  signals:
    void cellClicked(std::uint32_t layer, std::uint32_t queryHead);

  protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

  private:
    struct Geometry {
        QRectF labels;       ///< what each layer caches; empty when that is not known
        bool words = false;  ///< there is room for labels beside the strips
        QRectF map;          ///< all cells
        QRectF bar;          ///< colour bar
        double cellWidth = 0;
        double cellHeight = 0;
        double groupGap = 0;
        double gap = 0;
    };
    [[nodiscard]] Geometry geometryIn(const QRect& area) const;
    [[nodiscard]] std::optional<std::uint32_t> layerAt(const QPoint& point) const;
    [[nodiscard]] QRectF rowRect(const Geometry& g, std::uint32_t layer) const;
    [[nodiscard]] QRectF cellRect(const Geometry& g, std::uint32_t layer, std::uint32_t first,
                                  std::uint32_t count) const;
    void drawCells(QPainter& painter, const Geometry& g) const;
    void drawRow(QPainter& painter, const Geometry& g, std::uint32_t layer) const;
    void drawNone(QPainter& painter, const Geometry& g, std::uint32_t layer) const;
    void drawCell(QPainter& painter, const QRectF& rect, double value) const;
    void drawSelected(QPainter& painter, const Geometry& g) const;
    void drawLabels(QPainter& painter, const Geometry& g) const;
    void drawGroups(QPainter& painter, const Geometry& g) const;
    [[nodiscard]] std::vector<std::uint32_t> labelledLayers(const Geometry& g) const;
    void drawStructure(QPainter& painter, const Geometry& g) const;
    void drawBar(QPainter& painter, const Geometry& g) const;
    [[nodiscard]] double share(double value) const;
    [[nodiscard]] QString explanation(const HeadCell& cell) const;

    models::HeadGrid m_grid;
    double m_labelWidth = 0;  ///< of the widest layer label
    std::optional<HeadCell> m_selected;
    QString m_emptyText;
};

}  // namespace kvscope::plots
