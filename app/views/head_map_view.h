// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QComboBox>
#include <QLabel>

#include "app/models/head_map_model.h"
#include "app/plots/head_map.h"
#include "app/views/view.h"

namespace kvscope::views {

/// The layer × head map with a choice of metric and a sentence about the selected cell.
class HeadMapView : public View {
    Q_OBJECT
  public:
    explicit HeadMapView(ViewContext& context, QWidget* parent = nullptr);
    bool onSnapshot(const models::Snapshot& snapshot, const bridge::EngineStatus& status) override;
    void onSelection(const models::Selection& selection) override;
    [[nodiscard]] std::vector<Drawing> drawings() override;
    void setMetric(trace::HeadMetric metric);
    [[nodiscard]] const plots::HeadMap& map() const { return *m_map; }

  private:
    void createMetrics();
    void offerMetrics();
    void metricChosen();
    [[nodiscard]] trace::HeadMetric metric() const;
    [[nodiscard]] std::uint32_t queryHeadOf(const models::Selection& selection) const;
    void refreshSentence(const models::Snapshot& snapshot);
    [[nodiscard]] QString emptyText(const models::Snapshot& snapshot) const;

    models::HeadMapModel m_model;
    plots::HeadMap* m_map = nullptr;
    QComboBox* m_metric = nullptr;
    QLabel* m_sentence = nullptr;
    trace::HeadMetric m_wanted = trace::HeadMetric::ErrorRelL2;  ///< shown as soon as the run has it
    std::uint64_t m_generation = 0;
    bool m_stale = true;
};

}  // namespace kvscope::views
