// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>
#include <vector>

#include "app/models/timeline_model.h"

class QCPGraph;
class QCPItemStraightLine;
class QCPItemText;
class QCustomPlot;

namespace kvscope::plots {

class LegendStrip;

/// One panel of the timelines: curves of a TimelineModel against position, with policy switches as dashed marks. The
/// model outlives it.
class TimelinePlot : public QWidget {
    Q_OBJECT
  public:
    TimelinePlot(const models::TimelineModel& model, models::Panel panel, bool showsPosition,
                 QWidget* parent = nullptr);
    /// Draws the model as it is now over the positions [from, to].
    void refresh(double from, double to);
    /// Shows the values at a position in the legend and a line there; NaN = the newest values, no line.
    void setCursor(double position);
    /// Paints the panel with its legend (export).
    void render(QPainter& painter, const QRect& area);
    [[nodiscard]] models::Panel panel() const { return m_panel; }
    /// Position of the newest sample drawn, for tests; 0 when nothing is drawn.
    [[nodiscard]] double newestDrawn() const { return m_newestDrawn; }

  signals:
    void hovered(double position);  ///< NaN when the mouse left
    void clicked(double position);
    void zoomRequested(double position, double factor);
    void panRequested(double delta);
    void resetRequested();

  protected:
    void changeEvent(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void createPlot(bool showsPosition);
    void createLegend();
    void applyColours();
    void setStroke(std::size_t graph, const std::vector<models::Sample>& samples);
    void refreshScale();
    void refreshMarks();
    void refreshLegend();
    bool onMouse(QEvent* event);

    const models::TimelineModel& m_model;
    models::Panel m_panel;
    models::Quantity m_quantity = models::Quantity::Ratio;
    std::vector<models::SeriesInfo> m_infos;
    std::vector<QCPGraph*> m_graphs;
    std::vector<QCPItemStraightLine*> m_marks;
    QCPItemStraightLine* m_cursorLine = nullptr;
    QCPItemText* m_emptyText = nullptr;
    QCustomPlot* m_plot = nullptr;
    LegendStrip* m_legend = nullptr;
    double m_cursor;
    double m_top = 0;
    bool m_roomy = false;
    double m_newestDrawn = 0;
    double m_dragFrom = -1;
    bool m_dragged = false;
};

}  // namespace kvscope::plots
