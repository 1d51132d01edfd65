// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QElapsedTimer>
#include <QTableView>

#include "app/models/traffic_model.h"
#include "app/plots/bar_list.h"
#include "app/views/view.h"

namespace kvscope::views {

/// Bytes per token by category as bars, and the kernels of the step as a table.
class TrafficView : public View {
    Q_OBJECT
  public:
    explicit TrafficView(ViewContext& context, QWidget* parent = nullptr);
    bool onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& status) override;
    void onSelection(const models::Selection& selection) override;
    [[nodiscard]] std::vector<Drawing> drawings() override;

  private:
    void createTable();
    void showFigures(const models::TrafficFigures& figures, bool chosen);

    plots::BarList* m_bars = nullptr;
    models::KernelModel* m_kernels = nullptr;
    QTableView* m_table = nullptr;
    QElapsedTimer m_age;
    std::size_t m_shown = 0;
    std::uint64_t m_generation = 0;
    double m_top = 1;
    bool m_stale = true;
};

}  // namespace kvscope::views
