// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "app/models/timeline_model.h"
#include "app/views/view.h"

namespace kvscope::plots {
class TimelinePlot;
}

namespace kvscope::views {

/// Cache bytes, error, traffic, lost mass, KL and speed against position, one above the other with one x axis.
class TimelinesView : public View {
    Q_OBJECT
  public:
    explicit TimelinesView(ViewContext& context, QWidget* parent = nullptr);
    bool onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& status) override;
    [[nodiscard]] bool wantsEveryFrame() const override { return true; }
    [[nodiscard]] std::vector<Drawing> drawings() override;
    /// Position of the newest sample on the plots, for tests.
    [[nodiscard]] double newestDrawn() const;

  private:
    void connectPlot(plots::TimelinePlot* plot);
    void setRange(double from, double to);
    void zoom(double position, double factor);
    void follow();
    void selectPosition(double position);
    void refreshSome();

    models::TimelineModel m_model;
    std::array<plots::TimelinePlot*, models::kPanels> m_plots{};
    std::array<bool, models::kPanels> m_stale{};
    std::size_t m_next = 0;
    double m_from = 0;
    double m_to = 256;
    bool m_following = true;
};

}  // namespace kvscope::views
